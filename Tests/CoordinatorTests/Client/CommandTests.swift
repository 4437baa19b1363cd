import ArgumentParser
import Contract
import DefragTypes
import Foundation
import Glibc
import Rollout
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

/// The real program, asking the real server.
@Suite("The commands that ask the coordinator", .serialized, .timeLimit(.minutes(2))) struct CommandTests {
    @Test(
        "print what there is, for people and for programs",
        arguments: [
            (["hosts"], "alpha  working (november-1)", #"{"name":"alpha","isLost":false"#),
            (
                ["rollout", "list"], "november-1  november  ramp 2/4",
                #"{"id":"november-1","name":"november""#
            ),
            (["rollout", "show", "november-1"], "alpha  LOST since", #"{"rollout":{"id":"november-1""#),
            (
                ["rollout", "show", "november-1", "--targets", "--state", "failed"],
                "beta   failed (ioError)",
                #"{"number":24,"host":"beta""#
            ),
            (
                ["dead", "list"], "17  2025-11-24 20:43:20Z  alpha",
                #"{"id":"17","time":"2025-11-24T20:43:20.000Z""#
            ),
            (["dead", "show", "17"], #"{"job":"none"}"#, #""body":"{\"job\":\"none\"}""#),
            (
                ["events"], "rollout.begun  november-1: november-1 has begun",
                #""type":"rollout.begun","rollout":"november-1""#
            ),
            (["events", "--since", "2025-11-01T00:00:00Z", "--type", "rollout"], "has begun", #"{"id":1,"#),
            (["audit"], "root  rollout.pause   november-1", #""action":"rollout.pause""#),
        ])
    func listings(arguments: [String], text: String, json: String) async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            await core.happen("rollout.begun", rollout: "november-1", text: "november-1 has begun")
            _ = try await core.pause("november-1", by: "root")
            _ = try await core.resume("november-1", by: "root")
            for (format, words) in [("text", text), ("json", json)] {
                let command = try Process(
                    "reflow", arguments + ["--output", format], environment: server.environment)
                #expect(await command.wait() == .exited(0), "\(command.errors)")
                #expect(command.output.contains(words), "\(command.output)")
            }
        }
    }

    @Test("survey waits for its end, and says what could not be looked at")
    func survey() async throws {
        try await Server.run { server in
            let command = try Process(
                "reflow", ["survey", "--host", "alpha", "--host", "beta", "--path", "/srv/vm/*"],
                environment: server.environment)
            #expect(await command.wait() == .exited(1), "beta has failed")
            #expect(command.output.contains("alpha        3   5.3KiB  16KiB"), "\(command.output)")
            #expect(command.output.contains("beta has no worker"), "\(command.output)")
        }
    }

    @Test("a specification is planned, started; a wrong one is told line by line")
    func specification() async throws {
        let file = try RunFolder.subfolder("spec") + "/november.yaml"
        try await Server.run { server in
            try write("name: november\n", to: file)
            let plan = try Process("reflow", ["rollout", "plan", file], environment: server.environment)
            #expect(await plan.wait() == .exited(1), "something cannot be looked at: \(plan.errors)")
            #expect(plan.output.contains("canary  alpha"), "\(plan.output)")
            let start = try Process("reflow", ["rollout", "start", file], environment: server.environment)
            #expect(await start.wait() == .exited(0), "\(start.errors)")
            #expect(start.output == "november-2 has begun; see: reflow rollout watch november-2\n")
            try write("name: running\n", to: file)
            let second = try Process("reflow", ["rollout", "start", file], environment: server.environment)
            #expect(await second.wait() == .exited(64))
            #expect(
                second.errors
                    == "reflow: another rollout called 'running' is under way: r1. Begin another one? There is no terminal to ask on: say --again\n"
            )
            let again = try Process(
                "reflow", ["rollout", "start", "--again", file], environment: server.environment)
            #expect(await again.wait() == .exited(0), "\(again.errors)")
            try write("wrong", to: file)
            let wrong = try Process("reflow", ["rollout", "start", file], environment: server.environment)
            #expect(await wrong.wait() == .exited(64))
            #expect(
                wrong.errors
                    == "reflow: the specification has 2 problems\nline 3:5: strategy.ramp: 'x' is not a list of numbers\nline 1:1: name is missing\n"
            )
        }
    }

    @Test("a rollout is steered; what destroys needs a yes")
    func steering() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            func run(_ arguments: String..., status: Int32 = 0, says words: String) async throws {
                let command = try Process("reflow", arguments, environment: server.environment)
                #expect(await command.wait() == .exited(status), "\(command.errors)")
                #expect(command.output + command.errors == words + "\n")
            }
            try await run("rollout", "pause", "november-1", says: "november-1 is paused")
            try await run("rollout", "pause", "november-1", status: 1, says: "reflow: it is paused already")
            try await run("rollout", "resume", "november-1", says: "november-1 goes on: ramp 2/4")
            try await run(
                "rollout", "set", "november-1", "maxPause=5ms", "duty=20%",
                says: "november-1 has maxPause=5ms duty=20% from now on")
            let noTerminal = "There is no terminal to ask on: say --yes"
            try await run(
                "rollout", "cancel", "november-1", status: 64,
                says: "reflow: Cancel november-1, 25% done on 8 hosts, for good? \(noTerminal)")
            #expect(await core.all[0].phase == .running)
            try await run("rollout", "cancel", "november-1", "--yes", says: "november-1 is cancelling")
            try await run(
                "dead", "drop", "17", status: 64,
                says: "reflow: Drop 17 (reflow.task.slice of alpha) for good? \(noTerminal)")
            try await run("dead", "requeue", "17", says: "17 was sent again")
            try await run(
                "dead", "drop", "17", "-y", status: 1, says: "reflow: there is no dead letter '17'")
            try await run(
                "hosts", "forget", "beta", status: 64,
                says: "reflow: Forget host beta, last heard 2025-11-24 20:43:20Z? \(noTerminal)")
            try await run("hosts", "forget", "beta", "--yes", says: "beta is forgotten")
            try await run("hosts", "forget", "beta", "-y", status: 1, says: "reflow: there is no host 'beta'")
            try await run("hosts", "forget", "alpha", "-y", status: 1, says: "reflow: host alpha is not lost")
            let actions = await core.entries.map(\.action)
            #expect(
                actions == [
                    "rollout.pause", "rollout.resume", "rollout.set", "rollout.cancel", "dead.requeue",
                    "host.forget",
                ])
        }
    }

    @Test(
        "watch tells how it goes on, line by line, and ends as the rollout does",
        arguments: [(0, Rollout.Phase.completed, Int32(0)), (2, .completed, 1), (0, .cancelled, 2)])
    func watch(failed: Int, phase: Rollout.Phase, status: Int32) async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let command = try Process(
                "reflow", ["rollout", "watch", "november-1"], environment: server.environment)
            while command.errors.isEmpty, command.isRunning { await Task.yield() }
            await core.happen("rollout.stage", rollout: "november-1", text: "step 3 of the ramp has begun")
            await core.change {
                $0.phase = phase
                $0.targets.failed = failed
            }
            #expect(await command.wait() == .exited(status), "\(command.errors)")
            let lines = command.errors.split(separator: "\n")
            try #require(lines.count == 3, "\(command.errors)")
            #expect(lines[0].hasPrefix("november-1  ramp 2/4  [######...."))
            #expect(lines[1].hasSuffix("  rollout.stage  step 3 of the ramp has begun"))
            #expect(
                lines[2].hasPrefix("november-1  \(phase.rawValue)\(status == 1 ? " with failures" : "")  ["))
        }
    }

    @Test("watch gives programs how it is and what happens, an object a line")
    func watchAsJSON() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let command = try Process(
                "reflow", ["rollout", "watch", "november", "--output", "json"],
                environment: server.environment)
            while command.output.isEmpty, command.isRunning { await Task.yield() }
            await core.happen("rollout.stage", rollout: "november-1")
            await core.change { $0.phase = .cancelled }
            #expect(await command.wait() == .exited(2), "\(command.errors)")
            let starts = command.output.split(separator: "\n").map { $0.prefix(28) }
            #expect(
                starts == [
                    #"{"rollout":{"id":"november-1"#, #"{"event":{"id":1,"time":"202"#,
                    #"{"rollout":{"id":"november-1"#,
                ])
        }
    }

    @Test("whatever cannot be written is a failure")
    func full() async throws {
        try await Server.run { server in
            let command = try Process(
                "reflow", ["hosts"], environment: server.environment,
                through: ["sh", "-c", "exec \"$@\" > /dev/full", "sh"])
            #expect(await command.wait() == .exited(1))
            #expect(command.errors == "reflow: stdout cannot be written: No space left on device\n")
        }
    }

    @Test("events --follow goes on where the list ended")
    func follow() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            await core.happen("old")
            let command = try Process(
                "reflow", ["events", "--follow", "--output", "json"], environment: server.environment)
            while core.feed.listeners == 0, command.isRunning { await Task.yield() }
            await core.happen("new")
            while command.output.split(separator: "\n").count < 2, command.isRunning { await Task.yield() }
            command.send(SIGINT)
            await command.wait()
            #expect(command.output.contains(#""type":"old""#))
            #expect(command.output.contains(#""type":"new""#))
        }
    }

    @Test("without a coordinator, each command says what to do and ends with 69")
    func absent() async throws {
        let socket = try RunFolder.subfolder("absent") + "/reflow.sock"
        for arguments in [
            ["hosts"], ["rollout", "watch", "x"], ["events", "--follow"], ["dead", "drop", "1", "-y"],
        ] {
            let command = try Process("reflow", arguments + ["--url", socket])
            #expect(await command.wait() == .exited(69))
            #expect(
                command.errors
                    == "reflow: no coordinator on this machine: there is no socket \(socket). Start it with 'reflow serve', or say where it is with --url or REFLOW_URL\n"
            )
        }
        let tcp = try Process("reflow", ["hosts"], environment: ["REFLOW_URL": "http://127.0.0.1:1"])
        #expect(await tcp.wait() == .exited(69))
        #expect(tcp.errors.contains("Connection refused"), "\(tcp.errors)")
    }

    @Test("a token that is not known ends with 77, one that is with an answer")
    func token() async throws {
        let token = Access.Token(name: "ops", secret: "0123456789abcdefghij")
        try await Server.run(tokens: [token]) { server in
            let url = "http://127.0.0.1:\(server.port ?? 0)"
            for (secret, status) in [("wrong", Int32(77)), (token.secret, 0)] {
                let command = try Process(
                    "reflow", ["hosts", "--url", url], environment: ["REFLOW_TOKEN": secret])
                #expect(await command.wait() == .exited(status), "\(command.errors)")
            }
        }
    }

    @Test(
        "wrong usage is named",
        arguments: [
            (["rollout", "set", "x", "duty"], "'duty': write KEY=VALUE, such as maxPause=5ms"),
            (["rollout", "set", "x", "maxPause="], "maxPause: '' is not a duration with its unit"),
            (["rollout", "set", "x", "pause=1s"], "'pause' is no setting; there are maxPause, "),
            (
                ["rollout", "set", "x", "maxPause=5", "dutty=1%"],
                "maxPause: '5' is not a duration with its unit, such as 5ms\n'dutty' is no setting; did you mean duty?"
            ),
            (["rollout", "pause", ""], "''"),
            (["survey", "--host", "Bad_Name", "--path", "/a"], "1 to 63 of a-z, 0-9 and -"),
            (["survey", "--host", "a", "--path", "/a", "--min-size", "5M"], "a size is 4096, 512KiB,"),
            (["survey", "--host", "a", "--path", "/a/[b"], "a [ that is not closed"),
            (["run", "--host", "a", "--path", "/a", "--slice", "60"], "a duration has a unit"),
            (["rollout", "set", "x", "duty=1%", "duty=2%"], "duty is given twice"),
            (["rollout", "show", "x", "--state", "failed"], "--state and --host are for --targets"),
            (["survey", "--host", "a", "--path", "a"], "not absolute"),
            (["survey", "--path", "/a"], "--host"),
            (["events", "--since", "yesterday"], "neither a duration such as 2h"),
            (["hosts", "--url", "reflow.sock"], "an absolute path of a socket"),
            (["rollout", "start", "/none.yaml"], "/none.yaml: No such file or directory"),
            (["rollout", "plan", "/"], "/: Is a directory"),
        ])
    func usage(arguments: [String], words: String) async throws {
        try await Server.run { server in
            let command = try Process("reflow", arguments, environment: server.environment)
            #expect(await command.wait() == .exited(64))
            #expect(command.errors.contains(words), "\(command.errors)")
        }
    }

    @Test("the shell completes ids and hosts by what the coordinator says")
    func completion() async throws {
        try await Server.run { server in
            let script = try Process("reflow", ["--generate-completion-script", "bash"])
            #expect(await script.wait() == .exited(0))
            #expect(script.output.contains("rollout"))
            for (command, words, expected) in [
                (["rollout", "watch"], ["reflow", "rollout", "watch", ""], "november-1"),
                (["events", "--host"], ["reflow", "events", "--host", ""], "alpha\nbeta"),
                (["hosts", "forget"], ["reflow", "hosts", "forget", ""], "beta"),
            ] {
                let completed = try Process(
                    "reflow",
                    ["---completion"] + command.filter { !$0.hasPrefix("--") } + ["--"]
                        + [command.last == "--host" ? "--host" : "positional@0", "\(words.count - 1)", "0"]
                        + words,
                    environment: server.environment.merging(["SAP_SHELL": "bash"]) { $1 })
                #expect(await completed.wait() == .exited(0), "\(completed.errors)")
                #expect(completed.output.trimmingCharacters(in: .whitespacesAndNewlines) == expected)
            }
        }
    }

    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
