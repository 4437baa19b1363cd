import Contract
import Foundation
import ReflowAPI
import Rollout

/// Surveys that operators ask for.
extension Core {
    func startSurvey(_ request: SurveyRequest, by who: String) throws -> Started {
        try requireBroker()
        var step = Step(at: clock())
        let survey = FleetSurvey(id: "survey-\(newMessageID().prefix(12))", request, at: step.now)
        // The oldest make room.
        var room = SurveyRequest.mostFiles - request.files
        surveys = surveys.values.sorted { $0.asked > $1.asked }.reduce(into: [survey.id: survey]) {
            kept, other in
            room -= other.request.files
            if room >= 0 { kept[other.id] = other }
        }
        for host in survey.hosts.keys.sorted() {
            step.write { try $0.send(.survey(survey.task), id: survey.task(of: host), to: host, about: nil) }
        }
        audit(who, "survey.start", survey.id, request, &step)
        try commit(step)
        return Started(id: survey.id)
    }

    /// Forgets surveys an hour after they were asked for.
    func pruneSurveys(at now: Date) {
        surveys = surveys.filter { now.timeIntervalSince($0.value.asked) < 3600 }
    }

    func survey(_ id: String) throws -> SurveyStatus {
        guard var survey = surveys[id] else { throw OperationError.notFound("there is no survey '\(id)'") }
        for host in survey.hosts.keys where fleet.hosts[host].map(\.isLost) ?? isOverdue(survey) {
            survey.cannotAnswer(
                host, "does not answer: is its worker running, and connected to this broker?")
        }
        return survey.view
    }

    private func isOverdue(_ survey: FleetSurvey) -> Bool {
        clock().timeIntervalSince(survey.asked) >= fleet.lostAfter
    }
}
