import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

/// A host's state that tells what the tests need.
func hostState(
    _ mode: DesiredState.Mode = .run, running: [SliceProgress] = [], surveys: [String] = [],
    instance: String? = nil, accepted: [String]? = nil, deaf: String? = nil, mounted: [String] = ["fs"]
) -> HostState {
    HostState(
        version: "", kernel: "", generation: 1, mode: mode,
        fileSystems: mounted.map { .init(uuid: $0, mountPoint: "/", size: .zero, free: .zero) },
        running: running,
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
        // When it was heard is not changed by that.
        #expect(fleet.hosts[name("a")]?.lastHeard == start)
        let (lost, leap) = fleet.tick(at: now)
        #expect(lost == [])
        #expect(leap == nil)
        let left = secondsUntilLost(steps: [1])
        #expect(left == 90)
    }
}

@Suite("Hosts that say that they are deaf")
struct DeafFleetTests {
    /// What is said when, and what is told: `D` deaf, `H` hearing; a second later time passes.
    @Test(
        "are told once after half a minute, and once when they hear again",
        arguments: [
            // Not for a moment, such as after an outage.
            ("D0 D10 D20 H29", "- - - -"), ("D0 D10 H20 D30 D50 H58", "- - - - - -"),
            ("D0 D10 D20 D30 D40 H50 H60", "- - - deaf - hears -"),
            // And again.
            ("D0 D30 H40 D50 D80 H90", "- deaf hears - deaf hears"),
        ])
    func told(said: String, expected: String) {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var fleet = Fleet(lostAfter: 600)
        let seen = said.split(separator: " ").map { word -> String in
            let now = start + (Double(word.dropFirst()) ?? 0)
            let event = HostEvent.hostState(hostState(deaf: word.first == "D" ? "403" : nil))
            let hears = fleet.heard(name("a"), event, at: now).hearsAgain
            let deaf = fleet.deafened(at: now + 0.5) == [name("a")]
            return deaf ? "deaf" : hears ? "hears" : "-"
        }
        #expect(seen.joined(separator: " ") == expected)
    }

    @Test("are told again after what was told could not be stored, and not while they are lost")
    func again() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var fleet = Fleet(lostAfter: 600)
        _ = fleet.heard(name("a"), .hostState(hostState(deaf: "403")), at: start)
        let before = fleet.hosts[name("a")]
        #expect(fleet.deafened(at: start + 40) == [name("a")])
        #expect(fleet.deafened(at: start + 41) == [])
        fleet.restore(name("a"), isLost: false)
        #expect(fleet.deafened(at: start + 42) == [])
        before.map { fleet.restore($0) }
        #expect(fleet.deafened(at: start + 43) == [name("a")])
        before.map { fleet.restore($0) }
        fleet.restore(name("a"), isLost: true)
        #expect(fleet.deafened(at: start + 44) == [])
    }
}

@Suite("When hosts were heard")
struct LastHeardTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test("what a process before has heard is told apart, with the time at which it did")
    func before() {
        var fleet = Fleet(lostAfter: 60)
        fleet.expect(name("a"), state: hostState(), lastHeard: start - 5000, at: start)
        fleet.expect(name("b"), lastHeard: start - 5000, at: start)
        fleet.expect(name("c"), at: start)
        let hosts = ["a", "b", "c"].compactMap { fleet.hosts[name($0)] }
        #expect(hosts.map(\.lastHeard) == [start - 5000, start - 5000, nil])
        #expect(hosts.map(\.wasHeard) == [true, true, false])
        #expect(hosts.map(\.isHeardHere) == [false, false, false])
        // Its silence counts from here on.
        _ = fleet.tick(at: start)
        #expect(fleet.tick(at: start + 1).lost == [])
        _ = fleet.heard(name("b"), .unknown(type: "x"), at: start + 2)
        #expect(fleet.hosts[name("b")]?.lastHeard == start + 2)
        #expect(fleet.hosts[name("b")]?.isHeardHere == true)
    }

    @Test("never in the future, also after the clock was set back")
    func setBack() {
        var fleet = Fleet(lostAfter: 60)
        _ = fleet.heard(name("a"), .hostState(hostState()), at: start)
        _ = fleet.tick(at: start)
        _ = fleet.tick(at: start - 3600)
        #expect(fleet.hosts[name("a")]?.lastHeard == start - 3600)
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
