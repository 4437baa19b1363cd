import Contract
import DefragTypes
import Glibc
import JSON
import Support
import Testing
import Trials

/// The whole way: `reflow run` over real workers, real XFS and a real broker.
@Suite("reflow run", .serialized, .timeLimit(.minutes(4))) struct RunTests {
    @Test("defragments files on several hosts at once and says the result")
    func wholeWay() async throws {
        let fleet = try await Fleet()
        let hosts = [try await fleet.host("run-a"), try await fleet.host("run-b")]
        var contents: [String: String] = [:]
        for host in hosts {
            let image = try host.makeImage()
            contents[image] = try checksum(image)
            try host.start()
        }
        let run = try fleet.reflow(
            "run", "--host", "run-a", "--host", "run-b", "--path", "\(hosts[0].disk.path)/*.img", "--path",
            "\(hosts[1].disk.path)/**/*.img", "--max-pause", "200ms", "--output", "json", "--duty", "100")
        #expect(await run.wait() == .exited(1), "each host is asked for the other's path too: \(run.errors)")
        let summary = try JSONDecoder().decode(Summary.self, from: run.output)
        #expect(summary.hosts.map(\.host) == ["run-a", "run-b"])
        for host in summary.hosts {
            let file = try #require(host.files.first)
            #expect(file.status == .done)
            #expect(file.extents.before > 10_000)
            #expect(file.extents.after <= 16, "at most one extent per 4 MiB")
            #expect(host.problems.count == 1)
        }
        for (image, before) in contents { #expect(try checksum(image) == before) }
        for host in hosts { try await leave(host) }
    }

    @Test("a host without a queue and a host without a worker are named, and do not delay the others")
    func absentHosts() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("run-here")
        _ = try await fleet.host("run-silent", mebibytes: 300)
        let image = try host.makeImage(mebibytes: 16)
        try host.start()
        let run = try fleet.reflow(
            "run", "--host", "run-here", "--host", "run-silent", "--host", "run-unknown", "--path", image,
            "--answer-within", "3s")
        #expect(await run.wait() == .exited(1))
        #expect(run.output.contains("run-silent did not answer: is its worker running"))
        #expect(run.output.contains("reflow provision --host run-unknown"))
        let left = try extents(of: image)
        #expect(left <= 2)
        try await leave(host)
    }

    @Test("interrupted and started again, it skips what is already contiguous")
    func again() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("run-again")
        let image = try host.makeImage()
        let before = try checksum(image)
        try host.start()
        let tap = try await EventTap(fleet, host: "run-again")
        let arguments = [
            "run", "--host", "run-again", "--path", image, "--max-pause", "200ms", "--output", "json",
        ]
        let first = try Process(
            "reflow", arguments + ["--slice", "1s", "--rate", "8MiB"], environment: fleet.environment)
        try await tap.sliceIsRunning()
        first.send(SIGINT)
        #expect(await first.wait() == .exited(2), "\(first.errors)")
        let half = try #require(
            try JSONDecoder().decode(Summary.self, from: first.output).hosts[0].files.first)
        #expect(half.status == .partial)

        let second = try Process("reflow", arguments + ["--duty", "100"], environment: fleet.environment)
        #expect(await second.wait() == .exited(0), "\(second.errors)")
        let whole = try #require(
            try JSONDecoder().decode(Summary.self, from: second.output).hosts[0].files.first)
        #expect(whole.status == .done)
        #expect(whole.extents.before < half.extents.before, "it starts from what was achieved")
        let left = try extents(of: image)
        #expect(left <= 16)
        #expect(try checksum(image) == before)
        await tap.close()
        try await leave(host)
    }

    @Test("a host that is paused is named, with how to resume it")
    func paused() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("run-paused", mebibytes: 300)
        let image = try host.makeImage(mebibytes: 16)
        try host.start()
        #expect(
            await (try fleet.reflow("control", "--host", "run-paused", "--pause")).wait() == .exited(0))
        let run = try fleet.reflow("run", "--host", "run-paused", "--path", image)
        let advice = "go on with: reflow control --resume --host run-paused"
        while run.isRunning, !run.errors.contains(advice) { try await Task.sleep(for: .milliseconds(100)) }
        #expect(
            await (try fleet.reflow("control", "--resume", "--host", "run-paused")).wait() == .exited(0))
        #expect(await run.wait() == .exited(0), "\(run.errors)")
        #expect(run.errors.contains("host run-paused is held by"))
        try await leave(host)
    }

    @Test("a queue that was declared differently is named, with what to do")
    func otherQueues() async throws {
        let fleet = try await Fleet()
        let first = try fleet.reflow("provision", "--host", "run-other")
        #expect(await first.wait() == .exited(0))
        let second = try fleet.reflow("provision", "--host", "run-other", "--host-queues", "classic")
        #expect(await second.wait() == .exited(1))
        #expect(second.errors.contains("reflow.tasks.run-other"))
        #expect(second.errors.contains("with other --host-queues"))
    }

    @Test("without a broker, with a wrong password, with a wrong URL: each its message and exit status")
    func brokerTrouble() async throws {
        let fleet = try await Fleet()
        let cases: [(url: String, status: Int32, words: String)] = [
            ("amqp://guest:guest@127.0.0.1:1/", 69, "Is the broker running"),
            (fleet.broker.url(user: "guest", password: "wrong"), 77, "user and password"),
            ("http://127.0.0.1/", 78, "REFLOW_AMQP_URL"),
            (fleet.broker.url + "/nowhere", 78, "nowhere"),
        ]
        for (url, status, words) in cases {
            let run = try Process(
                "reflow", ["run", "--host", "a", "--path", "/a"],
                environment: ["REFLOW_AMQP_URL": url, "REFLOW_CONNECT_TIMEOUT": "1s"])
            #expect(await run.wait() == .exited(status), "\(url): \(run.errors)")
            #expect(run.errors.contains(words), "\(url): \(run.errors)")
            #expect(!run.errors.contains("wrong@"), "the password is not repeated")
        }
    }

    @Test(
        "wrong usage is named",
        arguments: [
            (["--host", "A.b", "--path", "/a"], "A.b"), (["--host", "a", "--path", "a"], "absolute"),
            (["--host", "a", "--path", "/a", "--max-pause", "20"], "max-pause"),
            (["--host", "a", "--path", "/a", "--slice", "1h"], "10m"), (["--host", "a"], "--path"),
            (["--host", "a", "--path", "/a", "--duty", "0"], "duty"),
        ])
    func usage(arguments: [String], words: String) async throws {
        let run = try Process("reflow", ["run"] + arguments)
        #expect(await run.wait() == .exited(64))
        #expect(run.errors.contains(words), "\(run.errors)")
    }

    private func leave(_ host: Host) async throws {
        host.worker?.send(SIGTERM)
        #expect(await host.worker?.wait() == .exited(0))
        try host.disk.unmountAndCheck()
    }
}

/// What `reflow run --output json` prints.
struct Summary: Decodable {
    var hosts: [HostSummary]

    struct HostSummary: Decodable {
        var host: String
        var status: String
        var message: String?
        var files: [DefragResult]
        var problems: [String]
    }
}
