import AMQP
import Contract
import DefragTypes
import Foundation
import Glibc
import GRDB
import Rollout
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("reflow run ends", .serialized, .timeLimit(.minutes(3))) struct RunEndTests {
    private static let broker = Task { try await PrivateBroker() }

    /// Files that all end with the survey.
    private static func immutable(_ count: Int) -> [FileSurvey] {
        (0..<count).map { number in
            var file = surveyed("/v/f\(number)", gain: 1)
            file.obstacle = .init(reason: .immutable, message: "'/v/f\(number)' is immutable")
            return file
        }
    }

    private func jobQueues(_ broker: PrivateBroker) async throws -> String {
        try await broker.evaluate(
            "[N || {resource, _, queue, <<\"reflow.job.\", _/binary>> = N} <- rabbit_amqqueue:list_names()]."
        )
    }

    @Test(
        "with all that has happened told, when more happens at once than any buffer holds",
        arguments: [20_000])
    func manyAtOnce(count: Int) async throws {
        let host = try await ScriptedHost(
            "many-\(count)", at: try await Self.broker.value, files: Self.immutable(count))
        let run = try host.run()
        #expect(await run.wait() == .exited(0), "\(run.errors.suffix(500))")
        #expect(run.errors.matches(of: /was left alone/).count == count)
        #expect(try await jobQueues(host.broker) == "[]")
        await host.close()
    }

    @Test("and so does the watching of a rollout, undisturbed", arguments: [1500])
    func watch(count: Int) async throws {
        let broker = try await Self.broker.value
        let host = try await ScriptedHost("watched-\(count)", at: broker, files: Self.immutable(count))
        let folder = try RunFolder.subfolder("watched")
        let environment = [
            "REFLOW_AMQP_URL": broker.url, "REFLOW_SHARED_USER": "guest",
            "REFLOW_DATABASE": folder + "/reflow.db", "REFLOW_SOCKET": folder + "/reflow.sock",
            "REFLOW_URL": folder + "/reflow.sock",
        ]
        let coordinator = try Process("reflow", ["serve"], environment: environment)
        while coordinator.isRunning, !coordinator.errors.contains("the broker is there") {
            try await Task.sleep(for: .milliseconds(50))
        }
        let spec = folder + "/spec.yaml"
        try "name: watched\ntargets: {hosts: [\(host.name)], paths: [/v/*]}\n".write(
            toFile: spec, atomically: true, encoding: .utf8)
        let watch = try Process("reflow", ["rollout", "start", "--watch", spec], environment: environment)
        #expect(await watch.wait() == .exited(0), "\(watch.errors.suffix(500))")
        #expect(watch.errors.matches(of: /was left alone/).count == count)
        #expect(!watch.errors.contains("away"))
        coordinator.send(SIGTERM)
        #expect(await coordinator.wait() == .exited(0))
        await host.close()
    }

    @Test("at the second signal at once, and leaves no queue", arguments: [SIGTERM, SIGINT])
    func signals(signal: Int32) async throws {
        let host = try await ScriptedHost(
            "signal-\(signal)", at: try await Self.broker.value, files: [surveyed("/v/f", gain: 1)])
        let run = try host.run()
        var slices = host.slices.makeAsyncIterator()
        #expect(await slices.next() != nil)
        run.send(signal)
        while run.isRunning, !run.errors.contains("stopping") { try await Task.sleep(for: .milliseconds(20)) }
        #expect(run.isRunning, "it waits for the slice")
        run.send(signal)
        #expect(await run.wait() == .exited(2), "\(run.errors)")
        #expect(run.output.contains("\"status\":\"stopped\""))
        #expect(try await jobQueues(host.broker) == "[]")
        await host.close()
    }

    @Test("at the first signal, when the broker is gone and no answer can come")
    func brokerGone() async throws {
        let broker = try await PrivateBroker()
        let host = try await ScriptedHost("gone", at: broker, files: [surveyed("/v/f", gain: 1)])
        let run = try host.run()
        var slices = host.slices.makeAsyncIterator()
        #expect(await slices.next() != nil)
        try await broker.kill()
        run.send(SIGTERM)
        #expect(await run.wait() == .exited(2), "\(run.errors)")
        #expect(run.errors.contains("the broker is away"))
        #expect(run.errors.contains("leaving: the hosts end their slices by themselves"))
        await host.close()
    }

    @Test("with an error when its state cannot be kept, and leaves no queue")
    func setAside() async throws {
        let broker = try await Self.broker.value
        let host = try await ScriptedHost("aside", at: broker, files: [surveyed("/v/f", gain: 1)])
        let connections = try ["tasks", "answers"].map {
            Connection(try Endpoint(url: broker.url), ConnectionOptions(name: $0))
        }
        for connection in connections {
            connection.start()
            try await connection.waitUntilConnected(timeout: .seconds(30))
        }
        var run = OneOffRollout(
            spec: RolloutSpec(name: "run", targets: .init(hosts: ["aside"], paths: ["/v/*"])), lostAfter: 60,
            answerWithin: 30, publishing: connections[0], consuming: connections[1],
            mail: HostMail(ownUser: "guest", sharedUser: "guest"))
        run.store = {
            let store = try Store.inMemory()
            try store.writeNow {
                try $0.run(
                    "CREATE TRIGGER odd BEFORE INSERT ON target BEGIN SELECT RAISE(ABORT, 'too odd'); END")
            }
            return store
        }
        var view = WatchView()
        let error = await #expect(throws: Failure.self) {
            try await run.run(stops: AsyncStream<Void> { _ in }, view: &view)
        }
        #expect(error?.status == .failed)
        #expect(error?.message.hasPrefix("the job is left") == true)
        #expect(try await jobQueues(broker) == "[]")
        for connection in connections { await connection.close() }
        await host.close()
    }

    @Test(
        "in words, whatever it was",
        arguments: [
            (OperationError.conflict("the rollout x is completed"), .failed, "the rollout x is completed"),
            (OperationError.brokerAway("the broker is away"), .unavailable, "the broker is away"),
            (OperationError.notFound("there is no rollout 'x'"), .failed, "there is no rollout 'x'"),
            (
                OperationError.invalidSpec([.init(line: 3, column: 5, key: "a.b", message: "is wrong")]),
                .usage,
                "the specification has a problem\nline 3:5: a.b: is wrong"
            ),
            (StoreError(.unknown, "there is no target 1"), .failed, "there is no target 1"),
            (DatabaseError(resultCode: .SQLITE_FULL), .failed, "the disk with the database is full"),
            (AMQPError(.unreachable, "no route"), .unavailable, "no route. Is the broker running"),
            (CancellationError(), .stoppedEarly, "stopped before the end"),
            (Wordless.case("x"), .failed, "an error that this version has no words for (Wordless)"),
        ] as [(any Error, DefragTypes.ExitStatus, String)])
    func words(error: any Error, status: DefragTypes.ExitStatus, words: String) {
        let failure = Failure(any: error)
        #expect(failure.status == status)
        #expect(failure.message.hasPrefix(words), "\(failure.message)")
    }

    private enum Wordless: Error { case `case`(String) }
}
