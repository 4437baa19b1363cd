import Contract
import DequeModule
import Foundation
import ReflowAPI
import Rollout

/// Surveys that operators have asked for: they need not outlive the process.
struct SurveyRegistry {
    private var surveys: [String: FleetSurvey] = [:]
    /// Their ids, the oldest first, and how many files all of them may hold.
    private var order: Deque<String> = []
    private var files = 0

    /// Seconds that a living host has to answer.
    private static let patience: TimeInterval = 1800

    subscript(_ id: String) -> FleetSurvey? { surveys[id] }

    /// Begins a survey. The oldest make room for it.
    mutating func start(_ request: SurveyRequest, at now: Date) -> (id: String, effects: [Effect]) {
        let survey = FleetSurvey(id: "survey-\(newMessageID().prefix(12))", request, at: now)
        surveys[survey.id] = survey
        order.append(survey.id)
        files += request.files
        while files > SurveyRequest.mostFiles, order.count > 1 { forgetOldest() }
        let effects = survey.hosts.keys.sorted().map { host in
            Effect.send(id: survey.task(of: host), host, isSurvey: true) { _ in .survey(survey.task) }
        }
        return (survey.id, effects)
    }

    /// A host said something.
    mutating func heard(_ host: HostName, _ event: HostEvent) {
        let task: String
        switch event {
        case .surveyPage(let page): task = page.task
        case .surveyFinished(let end): task = end.task
        case .sliceFinished, .progress, .hostState, .unknown: return
        }
        if let id = FleetSurvey.id(ofTask: task, of: host) { surveys[id]?.heard(host, event) }
    }

    /// A task of a host came to nothing.
    mutating func failed(task: String, _ host: HostName, _ why: String) {
        if let id = FleetSurvey.id(ofTask: task, of: host) { surveys[id]?.failed(task: task, host, why) }
    }

    /// Tasks whose answers are awaited, with their hosts.
    func tasksInFlight(at now: Date) -> [(host: HostName, task: String, isSurvey: Bool)] {
        surveys.values.filter { now.timeIntervalSince($0.asked) < Self.patience }.flatMap(\.tasksInFlight)
    }

    /// Forgets surveys an hour after they were asked for.
    mutating func prune(at now: Date) {
        while let oldest = order.first.flatMap({ surveys[$0] }), now.timeIntervalSince(oldest.asked) >= 3600 {
            forgetOldest()
        }
    }

    private mutating func forgetOldest() {
        guard let id = order.popFirst(), let survey = surveys.removeValue(forKey: id) else { return }
        files -= survey.request.files
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
            } else if let deaf = fleet[host]?.lastingDeafness(at: now) {
                survey.cannotAnswer(host, "cannot consume its queue: \(deaf)")
            } else if isOver {
                survey.cannotAnswer(host, "has not answered within half an hour")
            }
        }
        return survey.view
    }
}
