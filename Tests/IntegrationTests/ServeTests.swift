import AMQP
import Contract
import DefragTypes
import Glibc
import JSON
import Support
import Testing
import Trials
import XFS

/// `reflow-worker serve` under the events of a daemon's life.
@Suite("reflow-worker serve", .serialized, .timeLimit(.minutes(5))) struct ServeTests {
    @Test("killed with -9 in the middle of a slice, again and again: the job ends, nothing is lost or leaked")
    func kill() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("serve-kill")
        let image = try host.makeImage(mebibytes: 256)
        let before = try checksum(image)
        let free = try host.disk.freeBytes()
        let layout = try Layout(of: image)
        try host.start()
        let tap = try await EventTap(fleet, host: "serve-kill")
        let run = try fleet.reflow(
            "run", "--host", "serve-kill", "--path", image, "--rate", "8MiB", "--max-chunk", "512KiB",
            "--max-pause", "200ms",
            "--output",
            "json")
        for _ in 0..<10 {
            try await tap.sliceIsRunning()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))  // any moment will do
            host.worker?.send(SIGKILL)
            #expect(await host.worker?.wait() == .killed(SIGKILL))
            #expect(try checksum(image) == before)
            try host.start()
        }
        #expect(await run.wait() == .exited(0), "\(run.errors)")
        #expect(try checksum(image) == before)
        #expect(try Layout(of: image) == layout)
        let left = try extents(of: image)
        #expect(left <= 32)
        await tap.close()
        try await stop(host)
        let leaked = free - (try host.disk.freeBytes())
        #expect(leaked < 4 << 20, "\(leaked) bytes are gone (some is the smaller map's doing)")
        try host.disk.unmountAndCheck()
    }

    @Test("killed with -9 while it unshares: one budget for the file, and nothing is left on it")
    func budget() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("serve-budget")
        let image = try host.makeImage(mebibytes: 128)
        TestFile(image + ".backup").become(copyOf: TestFile(image))
        try host.start()
        let free = try host.disk.freeBytes()
        let tap = try await EventTap(fleet, host: "serve-budget")
        let run = try fleet.reflow(
            "run", "--host", "serve-budget", "--path", image, "--unshare-budget", "16MiB", "--window", "1MiB",
            "--max-chunk", "512KiB", "--rate", "2MiB", "--slice", "3s", "--output", "json")
        for _ in 0..<3 {
            try await tap.sliceIsRunning()
            try await Task.sleep(for: .milliseconds(Int.random(in: 300...900)))  // any moment will do
            host.worker?.send(SIGKILL)
            #expect(await host.worker?.wait() == .killed(SIGKILL))
            try host.start()
        }
        #expect(await run.wait() == .exited(0), "\(run.errors)")
        await tap.close()
        try await stop(host)
        let unshared = free - (try host.disk.freeBytes())
        #expect(unshared > 6 << 20 && unshared <= 17 << 20, "\(unshared) bytes are gone")
        #expect(TestFile(image).attributeNames() == [])
    }

    @Test("the broker restarts in the middle: nothing is lost, and no one has to act")
    func brokerRestart() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let host = try await fleet.host("serve-restart")
        let image = try host.makeImage(mebibytes: 128)
        let before = try checksum(image)
        try host.start()
        let tap = try await EventTap(fleet, host: "serve-restart")
        let run = try fleet.reflow(
            "run", "--host", "serve-restart", "--path", image, "--rate", "8MiB", "--slice", "2s",
            "--max-pause",
            "200ms", "--output",
            "json")
        try await tap.sliceIsRunning()
        try await fleet.broker.kill()
        try await fleet.broker.start()
        #expect(await run.wait() == .exited(0), "\(run.errors)")
        let file = try #require(try JSONDecoder().decode(Summary.self, from: run.output).hosts[0].files.first)
        #expect(file.status == .done)
        // 13 to 18, and on a busy machine more: its chunks are small, and not all continue where the one before ends.
        let left = try extents(of: image)
        #expect(left <= 32)
        #expect(try checksum(image) == before)
        let log = host.worker?.errors.split(separator: "\n") ?? []
        let begun = log.filter { $0.hasSuffix("slice begins") }.compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("task=") }
        }
        #expect(
            Set(begun).count == begun.count, "a redelivery is recognised, and nothing done twice: \(begun)")
        await tap.close()
        try await stop(host)
    }

    @Test(
        "slices of several jobs that wait for each other longer than the broker's consumer timeout are each carried out once"
    )
    func consumerTimeout() async throws {
        let broker = try await PrivateBroker()
        // The broker checks each channel at every tick.
        try await broker.evaluate(
            "[application:set_env(rabbit, K, 1500) || K <- [consumer_timeout, channel_tick_interval]].")
        let fleet = try await Fleet(broker: broker)
        let host = try await fleet.host("serve-timeout", mebibytes: 400)
        let images = try (0..<3).map { number in
            let image = host.disk.file("image\(number)")
            try Fragmenter.scatter(image, size: 16 << 20)
            return image
        }
        try host.start()
        let tap = try await EventTap(fleet, host: "serve-timeout")
        var slow = PolicyOverrides()
        (slow.rate, slow.maxChunk) = (.mebibytes(1), .kibibytes(256))
        var tasks: [String] = []
        for (job, image) in images.enumerated() {
            let slice = SliceTask(job: "job\(job)", path: image, policy: slow, timeBudget: 4)
            tasks.append(try await fleet.send(slice, to: host))
        }
        var answered: [String] = []
        while answered.count < tasks.count {
            answered.append(
                try await tap.first { event in
                    if case .sliceFinished(let answer) = event { answer.task } else { nil }
                })
        }
        #expect(answered.sorted() == tasks.sorted())
        let log = host.worker?.errors ?? ""
        #expect(log.contains("PRECONDITION_FAILED"), "the timeout was met: \(log)")
        let begun = log.split(separator: "\n").filter { $0.hasSuffix("slice begins") }
        #expect(begun.count == tasks.count, "\(log)")
        // What came again is acked, as its answer is known.
        let connection = try await fleet.connect()
        func queue(_ name: String) async throws -> [UInt32] {
            let status = try await connection.inspect(queue: name)
            return [status.messages, status.consumers]
        }
        while try await queue("reflow.tasks.\(host.name)") != [0, 1] {
            try await Task.sleep(for: .milliseconds(100))
        }
        try await stop(host)
        #expect(try await queue("reflow.tasks.\(host.name)") == [0, 0])
        #expect(try await queue(QueueName.dead)[0] == 0)
        await tap.close()
        await connection.close()
    }

    @Test("paused and resumed between two chunks, with a new policy in between")
    func pause() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("serve-pause")
        let image = try host.makeImage(mebibytes: 128)
        try host.start()
        let tap = try await EventTap(fleet, host: "serve-pause")
        let run = try fleet.reflow(
            "run", "--host", "serve-pause", "--path", image, "--rate", "16MiB", "--output", "json")
        try await tap.sliceIsRunning()
        #expect(await (try fleet.reflow("control", "--host", "serve-pause", "--pause")).wait() == .exited(0))
        let paused = try await tap.first { event in
            if case .sliceFinished(let answer) = event { answer.result } else { nil }
        }
        #expect(paused.status == .partial)
        #expect(paused.reason == .paused)
        #expect(paused.nextOffset.map { $0 > .zero } == true)
        let state = try await tap.state { $0.mode == .pause }
        #expect(state.generation > 0)
        #expect(state.running.isEmpty)
        #expect(
            await (try fleet.reflow("control", "--host", "serve-pause", "--resume", "--duty", "100")).wait()
                == .exited(0))
        _ = try await tap.state { $0.mode == .run && $0.generation > state.generation }
        #expect(await run.wait() == .exited(0), "\(run.errors)")
        // 13 to 18, and on a busy machine more: its chunks are small, and not all continue where the one before ends.
        let left = try extents(of: image)
        #expect(left <= 32)
        await tap.close()
        try await stop(host)
    }

    @Test("SIGTERM ends a slice at its cursor, answers and leaves within seconds")
    func terminate() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("serve-term")
        let image = try host.makeImage(mebibytes: 128)
        try host.start()
        let tap = try await EventTap(fleet, host: "serve-term")
        let run = try fleet.reflow("run", "--host", "serve-term", "--path", image, "--rate", "16MiB")
        try await tap.sliceIsRunning()
        let clock = ContinuousClock()
        let took = await clock.measure {
            host.worker?.send(SIGTERM)
            #expect(await host.worker?.wait() == .exited(0))
        }
        #expect(took < .seconds(5))
        let answer = try await tap.first { event in
            if case .sliceFinished(let answer) = event { answer.result } else { nil }
        }
        #expect(answer.status == .partial)
        #expect(answer.reason == .interrupted)
        try host.start()
        #expect(await run.wait() == .exited(0), "the job continues with the next worker: \(run.errors)")
        await tap.close()
        try await stop(host)
    }

    @Test("SIGTERM ends it within a minute also while the broker is away and an answer is unpublished")
    func terminateWithoutBroker() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let host = try await fleet.host("serve-alone", mebibytes: 300)
        let image = try host.makeImage(mebibytes: 32)
        let worker = try host.start()
        let tap = try await EventTap(fleet, host: "serve-alone")
        let run = try fleet.reflow("run", "--host", "serve-alone", "--path", image, "--rate", "8MiB")
        try await tap.sliceIsRunning()
        try await fleet.broker.stop()
        while !worker.errors.contains("slice ends") { try await Task.sleep(for: .milliseconds(100)) }
        let took = await ContinuousClock().measure {
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
        }
        #expect(took < .seconds(40))
        run.send(SIGKILL)
        await run.wait()
        await tap.close()
    }

    @Test("a frozen file system delays its own slices only; a stop takes effect when it is thawed")
    func frozen() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("serve-frozen")
        let other = try LoopXFS(mebibytes: 320)
        let image = try host.makeImage(mebibytes: 128)
        let before = try checksum(image)
        let neighbour = other.file("vm.img")
        try Fragmenter.scatter(neighbour, size: 16 << 20)
        let worker = try host.start(["REFLOW_ROOTS": "\(host.disk.path):\(other.path)"])
        let tap = try await EventTap(fleet, host: "serve-frozen")
        let held = try fleet.reflow("run", "--host", "serve-frozen", "--path", image, "--rate", "8MiB")
        try await tap.sliceIsRunning()
        try Tool.run("xfs_freeze", "-f", host.disk.path)
        do {
            defer { _ = try? Tool.run("xfs_freeze", "-u", host.disk.path) }
            let task = SliceTask(
                job: "other", path: neighbour, fileSystem: try FileSystem(at: other.path).geometry.uuid,
                policy: PolicyOverrides(), timeBudget: 60)
            let result = try await fleet.carryOut(task, on: host)
            #expect(result.status == .done)
            #expect(result.extents.after < 16)
            worker.send(SIGTERM)
            // It reports that it is stopping, and cannot yet.
            while !worker.errors.contains("stopping") { try await Task.sleep(for: .milliseconds(50)) }
            #expect(Glibc.kill(worker.pid, 0) == 0)
        }
        let took = await ContinuousClock().measure { #expect(await worker.wait() == .exited(0)) }
        #expect(took < .seconds(20))
        held.send(SIGKILL)
        await held.wait()
        #expect(try checksum(image) == before)
        #expect(TestFile(image).attributeNames() == [])
        await tap.close()
        try host.disk.unmountAndCheck()
    }

    @Test("a task may only name files beneath the roots, and what is there is what was surveyed")
    func roots() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("serve-roots", mebibytes: 300)
        let image = try host.makeImage(mebibytes: 4)
        let outside = try RunFolder.subfolder("outside") + "/secret"
        try Tool.run("touch", outside)
        try Tool.run("ln", "-s", outside, host.disk.file("link"))
        try Tool.run("mkdir", host.disk.file("folder"))
        try host.start()
        let inode = try Location(path: image).status().inode
        let cases: [(SliceTask, Reason)] = [
            (SliceTask(job: "t", path: outside), .outsideRoots),
            (SliceTask(job: "t", path: host.disk.file("../x")), .outsideRoots),
            (SliceTask(job: "t", path: host.disk.path + "-not"), .outsideRoots),
            (SliceTask(job: "t", path: host.disk.file("link")), .notRegularFile),
            (SliceTask(job: "t", path: host.disk.file("folder")), .notRegularFile),
            (SliceTask(job: "t", path: host.disk.file("missing")), .notFound),
            (SliceTask(job: "t", path: image, inode: inode + 1), .fileReplaced),
            (SliceTask(job: "t", path: image, fileSystem: "another"), .fileReplaced),
        ]
        for (slice, reason) in cases {
            let result = try await fleet.carryOut(slice, on: host)
            #expect(result.status == .skipped, "\(slice.path): \(result)")
            #expect(result.reason == reason, "\(slice.path): \(result)")
            #expect(result.message?.isEmpty == false)
        }
        let done = try await fleet.carryOut(SliceTask(job: "t", path: image, inode: inode), on: host)
        #expect(done.status == .done)
        try await stop(host)
    }

    @Test("what is not understood becomes a dead letter with its reason, and the worker continues")
    func poison() async throws {
        let fleet = try await Fleet(broker: PrivateBroker(configuration: "max_message_size = 268435456"))
        let host = try await fleet.host("serve-poison", mebibytes: 300)
        let image = try host.makeImage(mebibytes: 4)
        let worker = try host.start()
        let connection = Connection(
            try Endpoint(url: fleet.broker.url),
            {
                var options = ConnectionOptions(name: "poisoner")
                options.maxBodySize = 1 << 28
                return options
            }())
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(10))
        let dead = connection.consume(queue: QueueName.dead, prefetch: 10)
        var letters = dead.makeAsyncIterator()

        func slice(_ version: String = "1.0", type: String = "reflow.task.slice", data: String = "{}")
            -> [UInt8]
        {
            Array(
                #"{"specversion":"1.0","id":"x","source":"/t","type":"\#(type)","time":"2026-01-01T00:00:00Z","#
                    .utf8)
                + Array(#""reflowversion":"\#(version)","data":\#(data)}"#.utf8)
        }
        let cases: [(body: [UInt8], reason: String)] = [
            (Array("{not json".utf8), "malformed"),
            (Array(String(repeating: "[", count: 10_000).utf8), "malformed"),
            (slice(), "malformed"),
            (slice(data: #"{"job":"j","path":7}"#), "malformed"),
            (slice("2.0"), "unsupportedVersion"),
            (slice(type: "reflow.task.format"), "unknownType"),
            ([UInt8](repeating: 0x20, count: 200 << 20), "tooLarge"),
        ]
        for (body, reason) in cases {
            var message = AMQP.Message(body: body)
            message.properties.messageID = newMessageID()
            try await connection.publish(
                message, exchange: ExchangeName.tasks, routingKey: host.name, mandatory: true)
            let letter = try #require(await letters.next())
            letter.ack()
            #expect(letter.properties.messageID == message.properties.messageID)
            #expect(letter.properties.headers[DeadLetterHeader.reason]?.stringValue == reason)
            #expect(letter.properties.headers[DeadLetterHeader.detail]?.stringValue?.isEmpty == false)
            #expect(
                letter.properties.headers[DeadLetterHeader.queue]?.stringValue
                    == "reflow.tasks.\(host.name)")
        }
        let memory = try Tool.run("grep", "VmHWM", "/proc/\(worker.pid)/status")
        let kibibytes = memory.split(separator: " ").compactMap { Int($0) }.first ?? 0
        #expect(kibibytes < 100 << 10, "a message of 200 MiB is not taken in: \(memory)")
        #expect(try await fleet.carryOut(SliceTask(job: "t", path: image), on: host).status == .done)
        await connection.close()
        try await stop(host)
    }

    @Test("a wrong configuration is named, with exit status 78; a refused login is 77")
    func configuration() async throws {
        let fleet = try await Fleet()
        let cases: [([String: String], Int32, String)] = [
            (["REFLOW_HOST": "a.b"], 78, "REFLOW_HOST"), (["REFLOW_ROOTS": "relative"], 78, "relative"),
            ([:], 78, "REFLOW_ROOTS"),
            (["REFLOW_AMQP_URL": "nonsense", "REFLOW_ROOTS": "/"], 78, "REFLOW_AMQP_URL"),
            (["REFLOW_ROOTS": "/", "REFLOW_LOG_LEVEL": "loud"], 78, "loud"),
            (
                ["REFLOW_ROOTS": "/", "REFLOW_AMQP_URL": fleet.broker.url(user: "guest", password: "x")], 77,
                "check user and password"
            ),
        ]
        for (settings, status, words) in cases {
            let worker = try Process("reflow-worker", ["serve"], environment: settings)
            #expect(await worker.wait() == .exited(status), "\(settings): \(worker.errors)")
            #expect(worker.errors.contains(words), "\(settings): \(worker.errors)")
        }
    }

    private func stop(_ host: Host) async throws {
        host.worker?.send(SIGTERM)
        #expect(await host.worker?.wait() == .exited(0), "\(host.worker?.errors ?? "")")
    }
}
