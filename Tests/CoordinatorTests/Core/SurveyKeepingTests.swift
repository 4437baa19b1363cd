import Contract
import Foundation
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("surveys that operators have asked for") struct SurveyKeepingTests {
    private func request(_ hosts: [String], top: Int = 20) -> SurveyRequest {
        SurveyRequest(hosts: hosts.map(named), paths: ["/v/*"], top: top)
    }

    private func answer(_ host: String, _ survey: String) -> [CoreInput] {
        let task = "\(survey)-\(host)"
        let events: [HostEvent] = [
            .surveyPage(.init(task: task, job: survey, page: 0, files: [surveyed("/v/1")])),
            .surveyFinished(.init(task: task, job: survey, pages: 1, files: 1, matched: 1, problems: [])),
        ]
        return events.map { .heard(named(host), $0, id: nil, nil) }
    }

    @Test("tell files when every host has answered")
    func files() async throws {
        let core = try await CoreBench().core
        let id = try await core.startSurvey(request(["a", "b"]), by: "ada").id
        try await core.take(answer("a", id))
        var view = try await core.survey(id)
        #expect(view.hosts.map(\.state) == [.finished, .asked])
        #expect(view.hosts.map(\.files.count) == [0, 0])
        try await core.take(answer("b", id))
        view = try await core.survey(id)
        #expect(view.isComplete)
        #expect(view.hosts.map(\.files.count) == [1, 1])
    }

    @Test("make room for newer ones, and go after an hour")
    func room() async throws {
        let bench = try await CoreBench()
        let core = bench.core
        var ids: [String] = []
        for top in [90_000, 100_000, 100_000] {
            bench.jump(1)
            ids.append(try await core.startSurvey(request(["a"], top: top), by: "ada").id)
        }
        await #expect(throws: OperationError.notFound("there is no survey '\(ids[0])'")) {
            try await core.survey(ids[0])
        }
        for id in ids.dropFirst() { #expect(try await core.survey(id).id == id) }
        try await core.take([.tick], at: bench.now + 3700)
        await #expect(throws: OperationError.notFound("there is no survey '\(ids[2])'")) {
            try await core.survey(ids[2])
        }
    }
}
