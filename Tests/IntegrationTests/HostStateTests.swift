import AMQP
import Contract
import DefragTypes
import Glibc
import Support
import Testing
import Trials

/// What a worker says of itself.
@Suite("what a worker says of itself", .serialized, .timeLimit(.minutes(5))) struct HostStateTests {
    @Test("two under one name: the second takes nothing and says so, and takes over by itself")
    func twins() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("twin", mebibytes: 300)
        let image = try host.makeImage(mebibytes: 4)
        let first = try host.start()
        let tap = try await EventTap(fleet, host: "twin")
        let state = try await tap.state { $0.deaf == nil && $0.uptime > 1 }
        let instance = try #require(state.instance)
        let second = try Process(
            "reflow-worker", ["serve"],
            environment: fleet.environment.merging(
                ["REFLOW_HOST": "twin", "REFLOW_ROOTS": host.disk.path, "REFLOW_STATE_INTERVAL": "0.2s"]) {
                    $1
                })
        let deaf = try await tap.state { $0.instance != instance && $0.deaf?.contains("another") == true }
        #expect(deaf.deaf == "another worker consumes as host twin")
        let slice = SliceTask(job: "t", path: image)
        #expect(try await fleet.carryOut(slice, on: host).status == .done)
        #expect(first.errors.contains("slice begins"))
        #expect(!second.errors.contains("slice begins"))
        // It tries every few seconds, and is not talkative about it.
        #expect(second.errors.split(separator: "\n").count { $0.contains("not consuming") } == 1)
        try await host.stop()
        _ = try await tap.state { $0.instance == deaf.instance && $0.deaf == nil }
        #expect(try await fleet.carryOut(slice, on: host).status == .done)
        #expect(second.errors.contains("slice begins"))
        second.send(SIGTERM)
        #expect(await second.wait() == .exited(0), "\(second.errors)")
        await tap.close()
    }

    @Test("a slice that waits behind another is accepted, and begins only then")
    func accepted() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("accepts", mebibytes: 600)
        let image = try host.makeImage(mebibytes: 64)
        let other = try host.makeImage("other.img", mebibytes: 4)
        let worker = try host.start(["REFLOW_LOG_LEVEL": "debug", "REFLOW_LOG_FORMAT": "json"])
        let tap = try await EventTap(fleet, host: "accepts")
        var policy = PolicyOverrides()
        policy.rate = .mebibytes(16)
        let long = try await fleet.send(SliceTask(job: "t", path: image, policy: policy), to: host)
        try await tap.sliceIsRunning()
        let short = try await fleet.send(SliceTask(job: "t", path: other), to: host)
        let state = try await tap.state { $0.accepted?.count == 2 }
        #expect(Set(state.accepted ?? []) == [long, short])
        #expect(state.running.map(\.task) == [long])
        _ = try await tap.state { $0.accepted == [] }
        let lines = worker.errors.split(separator: "\n")
        func place(_ words: String, _ task: String) throws -> Int {
            try #require(
                lines.firstIndex { $0.contains("\"message\":\"\(words)") && $0.contains(task) },
                "\(words) \(task)\n\(worker.errors)")
        }
        #expect(try place("slice waits", short) < place("slice ends", long))
        #expect(try place("slice ends", long) < place("slice begins", short))
        await tap.close()
        try await host.stop()
    }

    @Test("of the machine's file systems it names those of its roots")
    func fileSystems() async throws {
        let fleet = try await Fleet()
        let host = try await fleet.host("roots-only", mebibytes: 300)
        let beneath = try LoopXFS(mebibytes: 320)
        let elsewhere = try LoopXFS(mebibytes: 320)
        let folder = host.disk.file("vm")
        try Tool.run("mkdir", folder)
        // A root is a folder on it, by way of a symbolic link; and another file system is mounted beneath.
        let link = try RunFolder.subfolder("links") + "/vm"
        try Tool.run("ln", "-s", host.disk.path, link)
        let mountPoint = host.disk.file("vm/more")
        try Tool.run("mkdir", mountPoint)
        try Tool.run("mount", "--bind", beneath.path, mountPoint)
        defer { _ = try? Tool.run("umount", mountPoint) }
        try host.start(["REFLOW_ROOTS": "\(link)/vm:\(host.disk.path)"])
        let tap = try await EventTap(fleet, host: "roots-only")
        let state = try await tap.state { $0.deaf == nil }
        #expect(Set(state.fileSystems.map(\.mountPoint)) == [host.disk.path, mountPoint])
        #expect(state.fileSystems.count == 2, "each is named once: \(state.fileSystems)")
        withExtendedLifetime(elsewhere) {}
        await tap.close()
        try await host.stop()
    }

    @Test("one that is not provisioned is deaf, says why, and hears once it is")
    func notProvisioned() async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        let provisioned = try fleet.reflow("provision")
        #expect(await provisioned.wait() == .exited(0), "\(provisioned.errors)")
        let worker = try Process(
            "reflow-worker", ["serve"],
            environment: fleet.environment.merging(
                ["REFLOW_HOST": "stranger", "REFLOW_ROOTS": "/", "REFLOW_STATE_INTERVAL": "0.2s"]) { $1 })
        let tap = try await EventTap(fleet, host: "stranger")
        let deaf = try await tap.state { $0.deaf != nil && $0.deaf?.contains("not connected") == false }
        #expect(deaf.deaf?.hasPrefix("cannot consume the queue 'reflow.control.stranger'") == true, "\(deaf)")
        let again = try fleet.reflow("provision", "--host", "stranger")
        #expect(await again.wait() == .exited(0), "\(again.errors)")
        _ = try await tap.state { $0.deaf == nil }
        worker.send(SIGTERM)
        #expect(await worker.wait() == .exited(0), "\(worker.errors)")
        await tap.close()
    }
}
