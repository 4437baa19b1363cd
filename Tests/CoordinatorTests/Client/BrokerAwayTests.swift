import DefragTypes
import Foundation
import Rollout
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

/// The real program, asking the real server.
@Suite("Commands while the broker is away", .serialized, .timeLimit(.minutes(1))) struct BrokerAwayTests {
    @Test("what has to ask hosts ends with 69")
    func asking() async throws {
        let file = try RunFolder.subfolder("spec") + "/november.yaml"
        try "name: november\n".write(toFile: file, atomically: true, encoding: .utf8)
        let core = MemoryCore()
        await core.fail("the broker is away: refused")
        try await Server.run(core: core) { server in
            for arguments in [["survey", "--host", "a", "--path", "/a"], ["rollout", "plan", file]] {
                let command = try Process("reflow", arguments, environment: server.environment)
                #expect(await command.wait() == .exited(69))
                #expect(command.errors == "reflow: the broker is away: refused\n")
            }
        }
    }

    @Test("hosts are listed as they were last heard, with a word that they cannot be heard now")
    func hosts() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            for (why, words) in [
                (nil, ""),
                (
                    "the broker is away: refused",
                    "reflow: the coordinator is not ready: the broker is away: refused\n"
                ),
            ] {
                if let why { await core.fail(why) }
                let command = try Process("reflow", ["hosts"], environment: server.environment)
                #expect(await command.wait() == .exited(0))
                #expect(command.output.contains("alpha"))
                #expect(command.errors == words)
            }
        }
    }

    @Test("a rollout is steered, with a word that its hosts have yet to hear of it")
    func steering() async throws {
        let core = MemoryCore()
        await core.change { $0.brokerTrouble = "the broker is away: refused" }
        try await Server.run(core: core) { server in
            for (arguments, words) in [
                (["pause", "november-1"], "november-1 is paused"),
                (["set", "november-1", "duty=20%"], "november-1 has duty=20% from now on"),
                (["resume", "november-1"], "november-1 goes on: ramp 2/4"),
                (["cancel", "november-1", "--yes"], "november-1 is cancelling"),
            ] {
                let command = try Process("reflow", ["rollout"] + arguments, environment: server.environment)
                #expect(await command.wait() == .exited(0))
                #expect(command.output == words + "\n")
                #expect(
                    command.errors
                        == "reflow: the broker is away: refused; hosts hear of it when it is back\n")
            }
        }
    }

    @Test("watch tells that it goes and that it comes back, once each")
    func watch() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let command = try Process(
                "reflow", ["rollout", "watch", "november-1"], environment: server.environment)
            // Of what happens at once, the latest is told.
            func told(_ words: String) async throws {
                while command.isRunning, !command.errors.contains(words) {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            try await told("november-1  ramp")
            await core.change { $0.brokerTrouble = "the broker is away: refused" }
            try await told("from before")
            await core.change { $0.failures = 2 }
            await core.change { $0.brokerTrouble = nil }
            try await told("is back")
            await core.change { $0.phase = .completed }
            #expect(await command.wait() == .exited(1), "a file failed")
            let lines = command.errors.split(separator: "\n")
            #expect(lines.count == 4, "\(command.errors)")
            #expect(
                lines.dropFirst().prefix(2) == [
                    "reflow: the broker is away: refused; figures are from before",
                    "reflow: the broker is back",
                ])
        }
    }
}
