import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Stored states")
struct StoredStateTests {
    @Test("a rollout's state that lacks what came later is read")
    func rollout() throws {
        var state = Rollout.State(spec: try Self.spec(), phase: .running, stage: .canary, isPlanOnly: true)
        state.pause = .operator
        state.overrides.duty = 0.1
        state.failures = 2
        state.forgiven = 1
        state.unanswered = .init(attempts: 2, hosts: [1])
        state.isOpen = false
        state.isSurveyed = true
        state.isDraining = true
        try expectRoom(in: state, but: ["spec", "phase", "stage", "isPlanOnly"])
    }

    @Test("so is a host's")
    func host() throws {
        var state = RolloutHost.State(labels: ["rack": "one"])
        state.phase = .waiting
        state.lostSince = Date(timeIntervalSince1970: 1_800_000_000)
        state.isCanary = true
        state.matched = 3
        state.problems = ["one"]
        state.givenUp = "does not answer"
        state.desired = .init(mode: .pause, policy: .init())
        state.survey = .init(number: 7)
        try expectRoom(in: state, but: ["labels"])
    }

    @Test("so is a survey that is awaited")
    func survey() throws {
        let end = SurveyFinished(task: "t", job: "r", pages: 1, files: 1, matched: 1, problems: [])
        let survey = RolloutHost.Survey(
            number: 7, tries: 2, since: Date(timeIntervalSince1970: 1_800_000_000), end: end)
        try expectRoom(in: survey, but: [])
    }

    @Test("so is the specification that it began with")
    func specification() throws {
        let spec = try Self.spec()
        try expectRoom(in: spec.targets, but: ["hosts", "paths"])
        try expectRoom(in: spec.strategy, but: [])
    }

    private static func spec() throws -> RolloutSpec {
        let from = try #require(MaintenanceWindow.TimeOfDay("22:00"))
        let strategy = RolloutSpec.Strategy(
            canary: .init(hosts: 1, soak: 1), concurrency: .number(2), perLabel: ["rack": 1], ramp: [1],
            errorBudget: .percent(1), windows: [.init(from: from, to: from)], attempts: 7, backOff: 1,
            slice: 2,
            giveUpAfter: 3)
        return RolloutSpec(
            name: "full",
            targets: .init(
                hosts: ["*"], labels: ["rack": ["one"]], paths: ["/**"], minExtents: 9, minSize: 4096),
            strategy: strategy)
    }

    /// Reads `full`, in which nothing has its default, without any one of its properties.
    private func expectRoom<State: Codable & Equatable>(in full: State, but required: Set<String>) throws {
        let text = try JSONEncoder().encode(full)
        #expect(try JSONDecoder().decode(State.self, from: text) == full)
        let all = try #require(JSONSerialization.jsonObject(with: text) as? [String: Any])
        #expect(Set(all.keys) == Set(Mirror(reflecting: full).children.compactMap(\.label)))
        for key in all.keys where !required.contains(key) {
            let less = try JSONSerialization.data(withJSONObject: all.filter { $0.key != key })
            #expect(try JSONDecoder().decode(State.self, from: less) != full, "\(key) had its default")
        }
    }
}
