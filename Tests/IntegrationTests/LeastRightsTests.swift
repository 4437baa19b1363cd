import AMQP
import BrokerKit
import BrokerRights
import Contract
import DefragTypes
import Glibc
import JSON
import Support
import Testing
import Trials
import XFS

/// The whole way, with the accounts of `reflow provision --credentials` and nothing beyond their rights.
@Suite("With exactly the provisioned rights", .serialized, .timeLimit(.minutes(6))) struct LeastRightsTests {
    /// Two hosts, a coordinator, and operators, each with an account of its own.
    private final class Rig: Sendable {
        let provisioned: ProvisionedBroker
        let disks: [String: LoopXFS]
        let workers: [String: Process]
        let coordinator: Process
        /// Of operators who ask the coordinator.
        let client: [String: String]
        let job: [String: String]

        init(_ names: [String]) async throws {
            provisioned = try await ProvisionedBroker(hosts: names)
            var disks: [String: LoopXFS] = [:]
            var workers: [String: Process] = [:]
            for name in names {
                let disk = try LoopXFS(mebibytes: 400)
                let host = try #require(HostName(name))
                disks[name] = disk
                workers[name] = try Process(
                    "reflow-worker", ["serve"],
                    environment: try provisioned.environment(of: .host(host)).merging([
                        "REFLOW_ROOTS": disk.path, "REFLOW_STATE_INTERVAL": "1s",
                    ]) { $1 })
            }
            (self.disks, self.workers) = (disks, workers)
            let folder = try RunFolder.subfolder("coordinator")
            client = ["REFLOW_URL": "unix:\(folder)/reflow.sock"]
            job = try provisioned.environment(of: .job)
            coordinator = try Process(
                "reflow", ["serve"],
                environment: try provisioned.environment(of: .coordinator).merging([
                    "REFLOW_DATABASE": "\(folder)/reflow.db", "REFLOW_SOCKET": "\(folder)/reflow.sock",
                    "REFLOW_LOST_AFTER": "25s",
                ]) { $1 })
            var heard = 0
            while heard < names.count {
                try await Task.sleep(for: .milliseconds(100))
                #expect(coordinator.isRunning, "\(coordinator.errors)")
                heard = try await ask("hosts", "--output", "json").output.split(separator: "\n").count {
                    $0.contains("lastHeard")
                }
            }
        }

        func ask(_ arguments: String...) async throws -> Process {
            let command = try Process("reflow", arguments, environment: client)
            await command.wait()
            return command
        }

        func image(on host: String, _ name: String) throws -> String {
            let path = try #require(disks[host]).file(name)
            try Fragmenter.scatter(path, size: 8 << 20)
            return path
        }

        /// A rollout over `paths`, to its end.
        func rollOut(_ name: String, _ paths: [String]) async throws -> Process {
            let path = try RunFolder.subfolder("spec") + "/spec.yaml"
            let spec = """
                name: \(name)
                targets: {hosts: ["*"], paths: [\(paths.map { "\"\($0)\"" }.joined(separator: ", "))]}
                policy: {maxPause: 200ms, duty: 100%}
                strategy: {backOff: 1s}
                """
            try Tool.run("sh", "-c", "printf '%s\n' \"$1\" > \"$2\"", "sh", spec, path)
            return try await ask("rollout", "start", path, "--watch")
        }

        func stop() async throws {
            for process in [coordinator] + workers.values {
                process.send(SIGTERM)
                #expect(await process.wait() == .exited(0), "\(process.errors)")
            }
        }
    }

    @Test("serve, workers, a rollout, run, control and a consumer of events work, and nothing is refused")
    func works() async throws {
        let rig = try await Rig(["alpha", "beta"])
        let images = try ["alpha", "beta"].map { try rig.image(on: $0, "vm.img") }
        let types = try await rig.provisioned.connected(as: .watch) { watch in
            var queue = QueueDefinition("reflow.watch.test")
            queue.isExclusive = true
            let events = watch.consume(
                declaring: queue, bindings: [Binding(exchange: ExchangeName.events, routingKey: "#")],
                prefetch: 100)
            for await state in watch.states where state == .consuming(queue: queue.name) { break }
            let rollout = try await rig.rollOut("least", images)
            #expect(await rollout.wait() == .exited(0), "\(rollout.output)\(rollout.errors)")
            var types: Set<String> = []
            for await delivery in events {
                delivery.ack()
                if let type = delivery.properties.type { types.insert(type) }
                if types.isSuperset(of: [
                    "reflow.slice.finished", "reflow.survey.finished", "reflow.host.state",
                ]) {
                    break
                }
            }
            // What was before, from the stream.
            let history = watch.consume(
                queue: QueueName.history, prefetch: 10, arguments: ["x-stream-offset": "first"])
            for await delivery in history {
                delivery.ack()
                if delivery.properties.type == "reflow.slice.finished" { break }
            }
            return types
        }
        #expect(types.contains("reflow.slice.finished"))
        for image in images {
            let left = try extents(of: image)
            #expect(left <= 16, "\(image)")
        }

        let other = try rig.image(on: "alpha", "other.img")
        let run = try Process(
            "reflow", ["run", "--host", "alpha", "--path", other, "--max-pause", "200ms", "--duty", "100"],
            environment: rig.job)
        #expect(await run.wait() == .exited(0), "\(run.errors)")
        let left = try extents(of: other)
        #expect(left <= 16)
        for wish in ["--pause", "--resume"] {
            let control = try Process("reflow", ["control", "--host", "beta", wish], environment: rig.job)
            #expect(await control.wait() == .exited(0), "\(control.errors)")
        }
        let hosts = try await rig.ask("hosts")
        #expect(hosts.errors == "", "the coordinator is ready")
        for process in [rig.coordinator, run] + rig.workers.values {
            #expect(!process.errors.contains("refused"), "\(process.errors)")
            #expect(!process.errors.contains(" warning "), "\(process.errors)")
        }
        try await rig.stop()
    }

    @Test("the coordinator declares again what was deleted, and hosts work again")
    func heals() async throws {
        let rig = try await Rig(["alpha"])
        try await rig.provisioned.broker.evaluate(
            """
            [ok = rabbit_exchange:delete(rabbit_misc:r(<<"reflow">>, exchange, X), false, <<"t">>) || \
            X <- [<<"reflow.tasks">>, <<"reflow.control">>, <<"reflow.events">>, <<"reflow.dead">>]].
            """)
        try await rig.provisioned.broker.evaluate(
            """
            [begin {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"reflow">>, queue, N)), \
            rabbit_amqqueue:delete(Q, false, false, <<"t">>) end || \
            N <- [<<"reflow.unroutable">>, <<"reflow.history">>]].
            """)
        let log = rig.coordinator
        let wanted = ["reflow.tasks", "reflow.control", "reflow.events", "reflow.dead"].map {
            "the exchange '\($0)' is there again"
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while !wanted.allSatisfy(log.errors.contains), log.isRunning, .now < deadline {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(wanted.filter { !log.errors.contains($0) } == [], "\(log.errors)")
        let image = try rig.image(on: "alpha", "vm.img")
        let rollout = try await rig.rollOut("healed", [image])
        #expect(await rollout.wait() == .exited(0), "\(rollout.output)\(rollout.errors)")
        let left = try extents(of: image)
        #expect(left <= 16)
        #expect(!log.errors.contains("a declaration is refused"), "\(log.errors)")
        try await rig.stop()
    }

    @Test("a host whose account was given all rights commands no other host, and pauses none for good")
    func notBelieved() async throws {
        let rig = try await Rig(["alpha", "beta"])
        let image = try rig.image(on: "alpha", "vm.img")
        let before = try extents(of: image)
        try await rig.provisioned.allowEverything(to: "reflow-beta")
        let beta = try #require(HostName("beta"))
        try await rig.provisioned.connected(as: .host(beta)) { connection in
            for _ in 1...3 {
                var policy = PolicyOverrides()
                policy.sharing = .unshare
                let task = HostTask.slice(SliceTask(job: "evil", path: image, policy: policy, timeBudget: 5))
                try await connection.publish(
                    AMQP.Message(Contract.Message(source: "/coordinator", body: task)),
                    exchange: ExchangeName.tasks, routingKey: "alpha", mandatory: true)
            }
            let pause = DesiredState(generation: Generation.now, mode: .pause)
            try await connection.publish(
                AMQP.Message(Contract.Message(source: "/coordinator", body: pause)),
                exchange: ExchangeName.controlAll, routingKey: "", mandatory: true)
        }
        // An operator's program with a broken clock.
        try await rig.provisioned.connected(as: .job) { connection in
            let far = DesiredState(generation: Generation.range.upperBound, mode: .pause)
            try await connection.publish(
                AMQP.Message(Contract.Message(source: "/coordinator", body: far)),
                exchange: ExchangeName.control, routingKey: "alpha", mandatory: true)
        }
        var letters: [KeptLetter] = []
        while letters.count < 6 {
            let listing = try await rig.ask("dead", "list", "--output", "json")
            letters = try listing.output.split(separator: "\n").map {
                try JSONDecoder().decode(KeptLetter.self, from: String($0))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        let unbelieved = letters.filter { $0.reason == "notBelieved" }
        #expect(unbelieved.count == 5, "three tasks, and a pause of both: \(letters)")
        for letter in unbelieved { #expect(letter.detail?.contains("'reflow-beta'") == true) }
        #expect(unbelieved.count { $0.queue == "reflow.tasks.alpha" && $0.host == "alpha" } == 3)
        let ahead = letters.filter { $0.reason == "malformed" }
        #expect(ahead.map(\.queue) == ["reflow.control.alpha"])
        #expect(ahead.first?.detail?.contains("more than a day ahead") == true)
        let left = try extents(of: image)
        #expect(left == before, "nobody has touched it")
        let log = rig.workers["alpha"]?.errors ?? ""
        #expect(log.split(separator: "\n").count { $0.contains("is not believed") } == 1, "\(log)")
        let task = try #require(unbelieved.first { $0.queue == "reflow.tasks.alpha" })
        let requeued = try await rig.ask("dead", "requeue", task.id)
        #expect(await requeued.wait() == .exited(1))
        #expect(requeued.errors.contains("may give no orders"), "\(requeued.errors)")
        // The brake still works.
        let control = try Process("reflow", ["control", "--host", "alpha", "--pause"], environment: rig.job)
        #expect(await control.wait() == .exited(0), "\(control.errors)")
        while !(try await rig.ask("hosts").output.contains("held")) {
            try await Task.sleep(for: .milliseconds(100))
        }
        try await rig.stop()
    }

    /// A line of `reflow dead list --output json`.
    private struct KeptLetter: Decodable {
        var id, reason: String
        var detail, queue, host, account: String?
    }

    @Test("a password is changed without a restart, and a revoked host is cut off")
    func rotation() async throws {
        let provisioned = try await ProvisionedBroker(hosts: ["alpha"])
        let host = Account.Role.host(try #require(HostName("alpha")))
        let folder = provisioned.folder
        let connection = Connection(
            try provisioned.endpoint(of: host), ConnectionOptions(name: "rotated"))
        let states = connection.states
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        let rotate = try Process("reflow", ["provision", "--credentials", folder.path, "--rotate", "alpha"])
        #expect(await rotate.wait() == .exited(0), "\(rotate.errors)")
        try await provisioned.importDefinitions()
        try await provisioned.broker.closeConnections(named: "rotated")
        var isBack = false
        var wasAway = false
        for await state in states {
            if case .disconnected = state { wasAway = true }
            if state == .connected, wasAway { isBack = true }
            if isBack { break }
        }
        #expect(isBack)
        let revoke = try Process("reflow", ["provision", "--credentials", folder.path, "--revoke", "alpha"])
        #expect(await revoke.wait() == .exited(0), "\(revoke.errors)")
        #expect(revoke.output.contains("rabbitmqctl delete_user reflow-alpha\n"), "\(revoke.output)")
        try await provisioned.broker.evaluate(
            #"rabbit_auth_backend_internal:delete_user(<<"reflow-alpha">>, <<"t">>)."#)
        for await state in states { if case .disconnected = state { break } }
        try await provisioned.importDefinitions()
        #expect(
            try await provisioned.broker.evaluate(
                #"rabbit_auth_backend_internal:exists(<<"reflow-alpha">>)."#
            ).contains("false"))
        await connection.close()
    }
}
