import Contract
import DefragTypes
import Glibc
import Support
import Testing
import Trials

/// An operator's word, over everything that restarts.
@Suite("Holds", .timeLimit(.minutes(5))) struct HoldTests {
    @Test("without a coordinator: last through crashes of the worker, until they are released")
    func control() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("hold-control")
        let image = try host.makeImage(mebibytes: 32)
        func control(_ arguments: String...) async throws -> (end: Process.End, errors: String) {
            let process = try Process(
                "reflow", ["control", "--host", host.name, "--wait", "3s"] + arguments,
                environment: fleet.environment)
            return (await process.wait(), process.errors)
        }
        // Nobody is there to hear it: that is said, and it holds once somebody is.
        let unheard = try await control("--pause", "--why", "disk 3")
        #expect(unheard.end == .exited(1))
        #expect(unheard.errors.contains("no worker speaks"))
        let tap = try await EventTap(fleet, host: host.name)
        try host.start()
        let held = try await tap.state { $0.hold?.isHeld == true }
        #expect(held.hold?.why == "disk 3")
        #expect(try await control("--pause", "--why", "disk 4").end == .exited(0))
        for _ in 0..<2 {
            await host.kill()
            try host.start()
            #expect(try await tap.state { $0.uptime < 1 }.hold?.why == "disk 4")
        }
        let slice = try await fleet.send(SliceTask(job: "hold", path: image), to: host)
        let refused = try await tap.answer(to: slice)
        #expect(refused.reason == .paused)
        #expect(refused.bytes.rewritten == .zero)
        #expect(try await control("--resume").end == .exited(0))
        let again = try await fleet.send(SliceTask(job: "hold", path: image), to: host)
        #expect(try await tap.answer(to: again).status == .done)
        await tap.close()
        try await host.stop()
    }

    @Test(
        "of a coordinator: no rollout lifts them, nor a restart of anybody; released, the rollout completes")
    func coordinator() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let coordinator = try Coordinator(fleet)
        let host = try await fleet.host("hold-serve")
        let image = try host.makeImage(mebibytes: 64)
        try host.start()
        try await coordinator.start()
        let tap = try await EventTap(fleet, host: host.name)
        let id = try await coordinator.startRollout(
            """
            name: held
            targets: {hosts: [hold-serve], paths: ["\(image)"]}
            policy: {rate: 4MiB, maxPause: 200ms}
            """)
        try await tap.sliceIsRunning()
        #expect(try await coordinator.ask("hosts", "hold", host.name).end == .exited(64), "nobody knows why")
        #expect(try await coordinator.ask("hosts", "hold", "nobody", "--why", "x").end == .exited(1))
        let hold = try await coordinator.ask("hosts", "hold", host.name, "--why", "disk 3 is replaced")
        #expect(hold.end == .exited(0), "\(hold.errors)")
        let stopped = try await tap.first { event in
            if case .sliceFinished(let answer) = event { answer.result } else { nil }
        }
        #expect(stopped.reason == .paused)
        #expect(try await coordinator.ask("rollout", "set", id, "rate=1GiB", "duty=100%").end == .exited(0))
        try await coordinator.kill()
        await host.kill()
        try host.start()
        #expect(try await tap.state { $0.uptime < 1 }.hold?.isHeld == true, "without anybody to ask")
        try await coordinator.start()
        #expect(try await coordinator.ask("rollout", "pause", id).end == .exited(0))
        #expect(try await coordinator.ask("rollout", "resume", id).end == .exited(0))
        _ = try await tap.state { $0.uptime > 3 }
        #expect(try await coordinator.tell("hosts").contains("held"))
        #expect(try await coordinator.tell("rollout", "show", id).contains("disk 3 is replaced"))
        #expect(try extents(of: image) > 1000)
        #expect(try await coordinator.ask("hosts", "release", host.name).end == .exited(0))
        #expect(try await coordinator.ask("rollout", "watch", id).end == .exited(0))
        #expect(try extents(of: image) <= 16)
        // One without the coordinator is taken over by it.
        let other = try fleet.reflow("control", "--host", host.name, "--pause", "--why", "fire")
        #expect(await other.wait() == .exited(0), "\(other.errors)")
        var fleetTable = ""
        while !fleetTable.contains("fire") { fleetTable = try await coordinator.tell("hosts") }
        let audit = try await coordinator.tell("audit")
        #expect(audit.contains("host.hold"))
        #expect(audit.contains("fire"))
        await tap.close()
        try await coordinator.stop()
        try await host.stop()
    }

    @Test("a slice neither begins after its window nor goes on")
    func window() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("hold-window")
        let image = try host.makeImage(mebibytes: 64)
        try host.start()
        let tap = try await EventTap(fleet, host: host.name)
        var slow = PolicyOverrides()
        (slow.rate, slow.maxChunk) = (.mebibytes(1), .kibibytes(256))
        let now = Timestamp.now.unixSeconds
        let late = SliceTask(
            job: "late", path: image, from: .mebibytes(1), notAfter: Timestamp(unixSeconds: Int64(now) - 1))
        let refused = try await tap.answer(to: try await fleet.send(late, to: host))
        #expect(refused.status == .partial)
        #expect(refused.reason == .windowClosed)
        #expect(refused.nextOffset == .mebibytes(1))
        let short = SliceTask(
            job: "short", path: image, policy: slow, timeBudget: 60,
            notAfter: Timestamp(unixSeconds: Int64(now) + 4))
        let cut = try await tap.answer(to: try await fleet.send(short, to: host))
        #expect(cut.status == .partial)
        #expect(cut.reason == .timeLimit)
        #expect(cut.bytes.rewritten > .zero)
        #expect(Timestamp.now.unixSeconds < now + 8)
        await tap.close()
        try await host.stop()
    }
}

extension EventTap {
    /// How the slice `task` ended.
    fileprivate func answer(to task: String) async throws -> DefragResult {
        try await first { event in
            if case .sliceFinished(let answer) = event, answer.task == task { answer.result } else { nil }
        }
    }
}
