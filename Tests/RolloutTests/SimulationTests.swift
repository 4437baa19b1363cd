import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Rollouts over simulated fleets")
struct SimulationTests {
    static let strategy = RolloutSpec.Strategy(
        canary: .init(hosts: 2, soak: 600), concurrency: .percent(40), perLabel: ["rack": 2],
        ramp: [1, 2, 4],
        backOff: 20)

    @Test(
        "every target ends once, within the caps, whatever happens to messages and hosts", arguments: 0..<10)
    func completes(seed: UInt64) {
        var fleet = SimulatedFleet(
            seed: seed, hosts: 14, nature: .init(death: 0.01, stayingDead: 0.1, outage: 0.01),
            strategy: Self.strategy)
        fleet.run()
        #expect(fleet.rollout.state.phase == fleet.expectedEnd)
        #expect(fleet.violations == [])
        #expect(fleet.rollout.targets.allSatisfy { $0.state.isEnded })
        #expect(fleet.ends.count == fleet.rollout.targets.count)
        #expect(fleet.ends.values.allSatisfy { $0 == 1 })
        #expect(fleet.rollout.hosts.allSatisfy { $0.state.phase.isEnded })
        for host in fleet.rollout.hosts where host.state.phase == .finished {
            #expect(host.lanes.allSatisfy { $0.inFlight == nil })
        }
    }

    @Test("a process that ends at any moment goes on from what it stored", arguments: 0..<6)
    func restarts(seed: UInt64) {
        var fleet = SimulatedFleet(
            seed: seed, hosts: 10, nature: .init(death: 0.005, outage: 0.01, leap: 0.01),
            strategy: Self.strategy)
        var second = 0
        fleet.run { fleet in
            second += 1
            if (second + Int(seed)).isMultiple(of: 97) { fleet.restart() }
        }
        #expect(fleet.rollout.state.phase == fleet.expectedEnd)
        #expect(fleet.violations == [])
        #expect(fleet.ends.count == fleet.rollout.targets.count)
        #expect(fleet.ends.values.allSatisfy { $0 == 1 })
    }

    @Test("no target is failed because the queue with the answers is lost", arguments: 0..<6)
    func lostQueues(seed: UInt64) {
        var fleet = SimulatedFleet(
            seed: seed, hosts: 10, nature: .init(failure: 0, lostAnswer: 0, lostQueue: 0.2),
            strategy: Self.strategy)
        fleet.run()
        #expect(fleet.rollout.state.phase == .completed)
        #expect(fleet.violations == [])
        #expect(fleet.ends.values.allSatisfy { $0 == 1 })
        #expect(!fleet.announcements.contains { if case .attemptFailed = $0 { true } else { false } })
    }

    @Test("nothing is sent while it is paused", arguments: 0..<5)
    func pauses(seed: UInt64) throws {
        var fleet = SimulatedFleet(seed: seed, hosts: 10, strategy: .init(ramp: [2, 4]))
        var second = 0
        var before = 0
        fleet.run { fleet in
            second += 1
            switch second % 200 {
            case 100:
                try? fleet.carryOut(.pause)
                before = fleet.slicesSent
            case 180:
                #expect(fleet.rollout.state.pause == nil || fleet.slicesSent == before)
                try? fleet.carryOut(.resume)
            default: break
            }
        }
        #expect(fleet.rollout.state.phase == fleet.expectedEnd)
        #expect(fleet.violations == [])
    }

    @Test("work is done in the windows only")
    func windows() throws {
        var strategy = Self.strategy
        // A quarter of every second hour, less the cutoff.
        strategy.windows = try stride(from: 0, to: 24, by: 2).map { hour in
            let from = try #require(MaintenanceWindow.TimeOfDay(hour: hour, minute: 0))
            let to = try #require(MaintenanceWindow.TimeOfDay(hour: hour, minute: 15))
            return MaintenanceWindow(from: from, to: to, cutoff: 120)
        }
        strategy.canary = nil
        var fleet = SimulatedFleet(seed: 7, hosts: 10, files: 20, strategy: strategy)
        fleet.run()
        #expect(fleet.rollout.state.phase == fleet.expectedEnd)
        #expect(fleet.violations == [])
        #expect(fleet.announcements.contains(.windowClosed))
    }

    @Test("the canaries are done, and the soak is over, before any other host begins")
    func canaries() {
        var fleet = SimulatedFleet(seed: 3, hosts: 15, strategy: Self.strategy)
        fleet.run()
        let begun = fleet.announcements.compactMap { if case .hostBegan(let name) = $0 { name } else { nil } }
        let soak = fleet.announcements.firstIndex { if case .stage(.soak) = $0 { true } else { false } }
        let beforeSoak = fleet.announcements.prefix(soak ?? 0).compactMap {
            if case .hostBegan(let name) = $0 { name } else { nil }
        }
        #expect(beforeSoak.count == 2)
        #expect(begun.count > 2)
        #expect(Set(fleet.rollout.hosts.filter(\.state.isCanary).map(\.name)) == Set(beforeSoak))
    }
}
