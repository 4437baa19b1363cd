import Contract
import Foundation
import Testing

@testable import Rollout

/// A host's state that tells what the tests need.
func hostState(
    _ mode: DesiredState.Mode = .run, running: [SliceProgress] = [], surveys: [String] = [],
    instance: String? = nil, accepted: [String]? = nil, deaf: String? = nil
) -> HostState {
    HostState(
        version: "", kernel: "", generation: 1, mode: mode, fileSystems: [], running: running,
        surveys: surveys, uptime: 1, instance: instance, accepted: accepted, deaf: deaf)
}

@Suite("The silence of hosts")
struct FleetSilenceTests {
    private var fleet = Fleet(lostAfter: 60)
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private var now = Date(timeIntervalSince1970: 1_800_000_000)

    init() {
        fleet.expect(name("a"), state: hostState(), at: start)
        _ = fleet.tick(at: now)
    }

    private mutating func pass(_ seconds: TimeInterval) -> Bool {
        now += seconds
        return !fleet.tick(at: now).lost.isEmpty
    }

    /// Seconds until the host is lost, if time passes in these steps, again and again.
    private mutating func secondsUntilLost(steps: [TimeInterval]) -> TimeInterval {
        let from = now
        for _ in 0..<1000 { for step in steps where pass(step) { return now.timeIntervalSince(from) } }
        return .infinity
    }

    @Test(
        "a host that says nothing is lost after lostAfter, however the process stands still",
        arguments: [
            ([1], 60), ([5], 60),
            // Stalls of 6 s every 8 s: at most another lostAfter.
            ([1, 1, 6], 120), ([6], 120), ([20, 1], 120),
            // Stalls that are longer than lostAfter.
            ([100, 1, 1, 1, 1, 1], 205),
        ] as [([TimeInterval], TimeInterval)])
    mutating func stalls(steps: [TimeInterval], seconds: TimeInterval) {
        let found = secondsUntilLost(steps: steps)
        #expect((seconds...seconds + 6).contains(found))
    }

    @Test(
        "a clock that leaps says nothing about any host, and its silence goes on",
        arguments: [-400 * 86_400, -3600, -50, -10, 10, 50, 3600, 400 * 86_400] as [TimeInterval])
    mutating func leaps(by leap: TimeInterval) {
        for _ in 0..<30 {
            let isLost = pass(1)
            #expect(!isLost)
        }
        now += leap
        let (lost, told) = fleet.tick(at: now)
        #expect(lost == [])
        #expect(told == leap)
        let left = secondsUntilLost(steps: [1])
        // A small leap back cannot be told from silence that is not over.
        #expect((30...60).contains(left) || leap == -10 && left == 40)
    }

    @Test(
        "a host that was heard after the leap and before the tick is no longer silent",
        arguments: [-3600, 3600, 400 * 86_400] as [TimeInterval])
    mutating func heardBeforeTick(leap: TimeInterval) {
        now += leap
        _ = fleet.heard(name("a"), .hostState(hostState()), at: now)
        let left = secondsUntilLost(steps: [1])
        #expect((60...61).contains(left))
    }

    @Test("each time it is heard it may be excused again")
    mutating func excusedAgain() {
        for _ in 0..<100 {
            let isLost = pass(59)
            #expect(!isLost)
            _ = fleet.heard(name("a"), .hostState(hostState()), at: now)
        }
    }

    @Test("after an outage the grace really exists", arguments: [3, 57, 7200] as [TimeInterval])
    mutating func outage(seconds: TimeInterval) {
        for _ in 0..<20 { _ = pass(1) }
        now += seconds
        fleet.couldNotHear(until: now + 30)
        let left = secondsUntilLost(steps: [1])
        #expect(left == 90)
    }
}

@Suite("Two workers under one name")
struct TwinTests {
    /// Which instance speaks and when, and what the fleet makes of it: `+` a twin was found, `-` that is over, and whose state it has.
    @Test(
        "an instance that was superseded and speaks again is a twin, until one of them was silent for 60 s",
        arguments: [
            // A restart, and another one.
            ("A0 B10 B20 C30", "A B B C"),
            // The first is still alive: it is the host, and told once.
            ("A0 B5 A10 B15 A20 B25", "A B +A A A A"),
            // The second one is gone.
            ("A0 B5 A10 A30 A64 A66", "A B +A A A -A"),
            // The first one is gone: the second is the host.
            ("A0 B5 A10 B40 B69 B71", "A B +A A A -B"),
            // Over, and begun again.
            ("A0 B5 A10 A70 B72 A75", "A B +A -A +A A"),
            // One that was suspended until its successor was dead.
            ("A0 B5 A300", "A B A"),
            // Older workers say nothing of themselves.
            ("_0 _5 _10", "_ _ _"), ("_0 B5 _10", "_ B +_"),
        ])
    func twins(said: String, expected: String) {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var fleet = Fleet(lostAfter: 600)
        let seen = said.split(separator: " ").map { word -> String in
            let instance: String? = word.first == "_" ? nil : String(word.prefix(1))
            let event = HostEvent.hostState(hostState(instance: instance))
            let heard = fleet.heard(name("a"), event, at: start + (Double(word.dropFirst()) ?? 0))
            let change = heard.hasTwin.map { $0 ? "+" : "-" } ?? ""
            return change + (fleet.hosts[name("a")]?.state?.instance ?? "_")
        }
        #expect(seen.joined(separator: " ") == expected)
    }

    @Test("the second one's state is told apart, its answers are not")
    func ofTwin() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var fleet = Fleet(lostAfter: 600)
        for instance in ["A", "B", "A"] {
            _ = fleet.heard(name("a"), .hostState(hostState(instance: instance)), at: start)
        }
        #expect(fleet.hosts[name("a")]?.hasTwin == true)
        let events: [HostEvent] = [
            .hostState(hostState(instance: "B")), .hostState(hostState(instance: "A")), .unknown(type: "x"),
        ]
        let areOfTwin = events.map { fleet.heard(name("a"), $0, at: start).isOfTwin }
        #expect(areOfTwin == [true, false, false])
    }

    @Test("what is remembered of instances is bounded: one that always restarts is no twin")
    func manyRestarts() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var instances = WorkerInstances(nil, at: start)
        for number in 0..<100 {
            let isHost = instances.heard(hostState(instance: "\(number)"), at: start + Double(number))
            #expect(isHost)
        }
        #expect(!instances.hasTwin)
        _ = instances.heard(hostState(instance: "0"), at: start + 100)
        #expect(!instances.hasTwin)
        _ = instances.heard(hostState(instance: "99"), at: start + 101)
        #expect(instances.hasTwin)
    }
}
