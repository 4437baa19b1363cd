import Contract
import DefragTypes
import Support
import Testing
import Trials

@Suite("Rollouts over real hosts")
struct RolloutFleetTests {
    @Test("a pause takes effect within a chunk, a changed policy too, and resume continues")
    func paused() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let coordinator = try Coordinator(fleet)
        let host = try await fleet.host("roll-pause")
        let image = try host.makeImage(mebibytes: 64)
        try host.start()
        try await coordinator.start()
        let tap = try await EventTap(fleet, host: "roll-pause")
        let id = try await coordinator.startRollout(
            """
            name: paused
            targets: {hosts: [roll-pause], paths: ["\(image)"]}
            policy: {rate: 4MiB, maxPause: 200ms}
            """)
        try await tap.sliceIsRunning()
        #expect(try await coordinator.ask("rollout", "pause", id).end == .exited(0))
        let stopped = try await tap.first { event in
            if case .sliceFinished(let answer) = event { answer.result } else { nil }
        }
        #expect(stopped.reason == .paused)
        #expect(try await coordinator.ask("rollout", "pause", id).end == .exited(1), "it is paused already")
        #expect(try await coordinator.ask("rollout", "set", id, "rate=1GiB", "duty=100%").end == .exited(0))
        #expect(try await coordinator.ask("rollout", "resume", id).end == .exited(0))
        #expect(try await coordinator.ask("rollout", "watch", id).end == .exited(0))
        let left = try extents(of: image)
        #expect(left <= 16)
        await tap.close()
        try await coordinator.stop()
        try await host.stop()
    }
}
