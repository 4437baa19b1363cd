import Contract
import Foundation
import ReflowAPI
import Rollout

/// Surveys that operators have asked for: they need not outlive the process.
struct SurveyRegistry {
    private var surveys: [String: FleetSurvey] = [:]

    /// Seconds that a living host has to answer.
    private static let patience: TimeInterval = 1800

    subscript(_ id: String) -> FleetSurvey? { surveys[id] }

    /// Begins a survey. The oldest make room for it.
    mutating func start(_ request: SurveyRequest, at now: Date) -> (id: String, effects: [Effect]) {
        let survey = FleetSurvey(id: "survey-\(newMessageID().prefix(12))", request, at: now)
        var room = SurveyRequest.mostFiles - request.files
        surveys = surveys.values.sorted { $0.asked > $1.asked }.reduce(into: [survey.id: survey]) {
            kept, other in
            room -= other.request.files
            if room >= 0 { kept[other.id] = other }
        }
        let effects = survey.hosts.keys.sorted().map { host in
            Effect.send(id: survey.task(of: host), host) { _ in .survey(survey.task) }
        }
        return (survey.id, effects)
    }

    /// A host said something.
    mutating func heard(_ host: HostName, _ event: HostEvent) {
        for id in surveys.keys { surveys[id]?.heard(host, event) }
    }

    /// A task of a host came to nothing.
    mutating func failed(task: String, _ host: HostName, _ why: String) {
        for id in surveys.keys { surveys[id]?.failed(task: task, host, why) }
    }

    /// Tasks whose answers are awaited, with their hosts.
    func tasksInFlight(at now: Date) -> [(host: HostName, task: String)] {
        surveys.values.filter { now.timeIntervalSince($0.asked) < Self.patience }.flatMap(\.tasksInFlight)
    }

    /// Forgets surveys an hour after they were asked for.
    mutating func prune(at now: Date) {
        surveys = surveys.filter { now.timeIntervalSince($0.value.asked) < 3600 }
    }

    /// How far a survey is, given who is lost: those do not answer.
    func view(_ id: String, _ fleet: HostRegistry, at now: Date) -> SurveyStatus? {
        guard var survey = surveys[id] else { return nil }
        let isOverdue = now.timeIntervalSince(survey.asked) >= fleet.lostAfter
        let isOver = now.timeIntervalSince(survey.asked) >= Self.patience
        for host in survey.hosts.keys {
            if fleet.hosts[host].map(\.isLost) ?? isOverdue {
                survey.cannotAnswer(
                    host, "does not answer: is its worker running, and connected to this broker?")
            } else if let deaf = fleet.hosts[host]?.state?.deaf {
                survey.cannotAnswer(host, "cannot consume its queue: \(deaf)")
            } else if isOver {
                survey.cannotAnswer(host, "has not answered within half an hour")
            }
        }
        return survey.view
    }
}
