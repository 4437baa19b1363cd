import Contract
import DefragTypes
import Glibc
import JSON
import Support
import Testing

@Suite("Rollouts over real hosts")
struct RolloutFleetTests {
    /// A coordinator with a database and a socket of its own.
    private final class Coordinator {
        let environment: [String: String]
        private(set) var process: Process?

        init(_ fleet: Fleet) throws {
            let folder = try RunFolder.subfolder("coordinator")
            environment = fleet.environment.merging([
                "REFLOW_DATABASE": "\(folder)/reflow.db", "REFLOW_SOCKET": "\(folder)/reflow.sock",
                "REFLOW_URL": "unix:\(folder)/reflow.sock", "REFLOW_LOST_AFTER": "25s",
            ]) { $1 }
        }

        /// Starts it, and waits until it answers.
        func start() async throws {
            let process = try Process("reflow", ["serve"], environment: environment)
            self.process = process
            while try await ask("hosts").end != .exited(0) {
                try #require(process.isRunning, "\(process.errors)")
            }
        }

        /// Ends it as a power cut would.
        func kill() async {
            process?.send(SIGKILL)
            #expect(await process?.wait() == .killed(SIGKILL))
        }

        /// Runs a command of the operator's to its end.
        func ask(_ arguments: String...) async throws -> (end: Process.End, output: String, errors: String) {
            let command = try Process("reflow", arguments, environment: environment)
            let end = await command.wait()
            return (end, command.output, command.errors)
        }

        func stop() async {
            process?.send(SIGTERM)
            #expect(await process?.wait() == .exited(0))
        }
    }

    private struct Rollout: Decodable {
        struct Targets: Decodable { var total, done, failed: Int }
        struct Extents: Decodable { var before, after: Int }
        var id: String
        var phase: String
        var targets: Targets
        var extents: Extents
    }

    /// A file with `text`.
    private func specification(_ text: String) throws -> String {
        let path = try RunFolder.subfolder("spec") + "/spec.yaml"
        try Tool.run("sh", "-c", "printf '%s\n' \"$1\" > \"$2\"", "sh", text, path)
        return path
    }

    @Test("one completes though its coordinator is killed again and again, and everything is done once")
    func killed() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let coordinator = try Coordinator(fleet)
        var contents: [String: String] = [:]
        var hosts: [Host] = []
        for name in ["roll-a", "roll-b"] {
            let host = try await fleet.host(name)
            for image in ["1.img", "2.img"] {
                let path = try host.makeImage(image, mebibytes: 24)
                contents[path] = try checksum(path)
            }
            try host.start()
            hosts.append(host)
        }
        try await coordinator.start()
        let tap = try await EventTap(fleet, host: "roll-a")
        let paths = hosts.map { "\($0.disk.path)/*.img" }.joined(separator: ", ")
        let spec = try specification(
            """
            name: killed
            targets: {hosts: [roll-a, roll-b], paths: [\(paths)], minExtents: 100}
            policy: {rate: 8MiB, duty: 100%}
            strategy: {slice: 2s, errorBudget: {failures: 0}}
            """)
        let begun = try await coordinator.ask("rollout", "start", spec)
        #expect(begun.end == .exited(0), "\(begun.errors)")
        for _ in 0..<4 {
            _ = try await tap.first { event in
                if case .progress(let progress) = event, !progress.running.isEmpty { true } else { nil }
            }
            await coordinator.kill()
            try await coordinator.start()
        }
        let list = try await coordinator.ask("rollout", "list", "--output", "json")
        let id = try #require(try decode(list.output).first?.id)
        let watch = try await coordinator.ask("rollout", "watch", id)
        #expect(watch.end == .exited(0), "\(watch.output)\(watch.errors)")
        let after = try await coordinator.ask("rollout", "list", "--output", "json")
        let rollout = try #require(try decode(after.output).first)
        #expect(rollout.phase == "completed")
        #expect(rollout.targets.total == 4)
        #expect(rollout.targets.done == 4)
        #expect(rollout.extents.before > 20_000)
        #expect(rollout.extents.after <= 48, "at most one extent for 2 MiB: slices are short")
        let events = try await coordinator.ask("events", "--type", "target", "--limit", "1000")
        for path in contents.keys {
            #expect(events.output.split(separator: "\n").count { $0.contains("\(path) is done") } == 1)
        }
        for (path, before) in contents { #expect(try checksum(path) == before) }
        await tap.close()
        await coordinator.stop()
        for host in hosts {
            host.worker?.send(SIGTERM)
            #expect(await host.worker?.wait() == .exited(0))
        }
    }

    @Test("a pause takes hold within a chunk, a changed policy too, and resume goes on")
    func paused() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let coordinator = try Coordinator(fleet)
        let host = try await fleet.host("roll-pause")
        let image = try host.makeImage(mebibytes: 64)
        try host.start()
        try await coordinator.start()
        let tap = try await EventTap(fleet, host: "roll-pause")
        let spec = try specification(
            """
            name: paused
            targets: {hosts: [roll-pause], paths: ["\(image)"]}
            policy: {rate: 4MiB}
            """)
        #expect(try await coordinator.ask("rollout", "start", spec).end == .exited(0))
        try await tap.sliceIsRunning()
        let list = try await coordinator.ask("rollout", "list", "--output", "json")
        let id = try #require(try decode(list.output).first?.id)
        #expect(try await coordinator.ask("rollout", "pause", id).end == .exited(0))
        let stopped = try await tap.first { event in
            if case .sliceFinished(let answer) = event { answer.result } else { nil }
        }
        #expect(stopped.reason == .paused)
        #expect(try await coordinator.ask("rollout", "pause", id).end == .exited(1), "it is paused already")
        #expect(try await coordinator.ask("rollout", "set", id, "rate=1GiB", "duty=100%").end == .exited(0))
        #expect(try await coordinator.ask("rollout", "resume", id).end == .exited(0))
        #expect(try await coordinator.ask("rollout", "watch", id).end == .exited(0))
        #expect(try extents(of: image) <= 16)
        await tap.close()
        await coordinator.stop()
        host.worker?.send(SIGTERM)
        #expect(await host.worker?.wait() == .exited(0))
    }

    private func decode(_ text: String) throws -> [Rollout] {
        try text.split(separator: "\n").map { try JSONDecoder().decode(Rollout.self, from: String($0)) }
    }
}
