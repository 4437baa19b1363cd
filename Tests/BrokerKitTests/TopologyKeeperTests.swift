import AMQP
import Contract
import Logging
import Support
import Synchronization
import Testing

@testable import BrokerKit

@Suite("Keeping all declared at a real broker", .timeLimit(.minutes(2))) struct TopologyKeeperTests {
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("a queue over which the broker fails is declared anew, and the other consumers go on")
    func broken() async throws {
        let broker = try await PrivateBroker()
        try await connected(broker.url) { connection in
            let topology = Topology(hosts: [])
            #expect(try await topology.declare(on: connection) == [])
            // As the node leaves it that was killed just after the declaration: a record of a queue without its log.
            try await broker.evaluate(
                #"ra:force_delete_server(quorum_queues, {'%2F_reflow.coordinator', node()})."#)
            try await connected(broker.url) { consuming in
                let states = consuming.states
                let keeper = TopologyKeeper(
                    topology, on: connection, consuming: consuming, log: Logger(label: "test"))
                let keeping = Task { await keeper.run() }
                defer { keeping.cancel() }
                let others = consuming.consume(queue: QueueName.dead, prefetch: 1)
                let answers = consuming.consume(queue: QueueName.coordinator, prefetch: 1)
                var failures = 0
                for await state in states {
                    if state == .consuming(queue: QueueName.coordinator) { break }
                    if case .notConsuming(QueueName.coordinator, let error, _) = state,
                        error.code == .queueBroken
                    {
                        failures += 1
                    }
                }
                #expect(failures > 1)
                withExtendedLifetime((others, answers)) {}
            }
        }
    }

    @Test("a queue that is deleted while it is consumed is declared again at once")
    func deleted() async throws {
        let broker = try await PrivateBroker()
        try await connected(broker.url) { connection in
            try await connected(broker.url) { consuming in
                let declaring = Task {
                    await TopologyKeeper(Topology(hosts: []), on: connection, consuming: consuming, log: log)
                        .run()
                }
                defer { declaring.cancel() }
                let states = consuming.states
                let deliveries = consuming.consume(
                    queue: QueueName.coordinator, prefetch: 1, checkedEvery: .seconds(1))
                for await state in states where state == .consuming(queue: QueueName.coordinator) { break }
                let later = consuming.states
                let since = ContinuousClock.now
                try await connection.delete(queue: QueueName.coordinator)
                var seen: [String] = []
                for await state in later {
                    seen.append("\(ContinuousClock.now - since): \(state)")
                    if state == .consuming(queue: QueueName.coordinator) { break }
                }
                #expect(ContinuousClock.now - since < .seconds(5), "\(seen)")
                withExtendedLifetime(deliveries) {}
            }
        }
    }

    @Test("hosts' queues are bound again to an exchange that went while nobody looked")
    func away() async throws {
        let broker = try await PrivateBroker()
        try await connected(broker.url) { connection in
            let host = try #require(HostName("a"))
            #expect(try await Topology(hosts: [host]).declare(on: connection) == [])
            try await connection.delete(exchange: ExchangeName.controlAll)
            try await connected(broker.url) { own in
                var keeper = TopologyKeeper(Topology(hosts: []), on: own, log: log)
                keeper.hosts = { [host] }
                let keeping = Task { [keeper] in await keeper.run() }
                defer { keeping.cancel() }
                while try await !arrives(at: ExchangeName.controlAll, on: connection) {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// Whether a message to an exchange finds a queue.
    private func arrives(at exchange: String, on connection: Connection) async throws -> Bool {
        do {
            try await connection.publish(
                Message(body: [1]), exchange: exchange, routingKey: "a", mandatory: true)
            return true
        } catch let error as AMQPError where [.returned, .notFound].contains(error.code) {
            return false
        }
    }

    @Test("an exchange is missing until hosts' queues are bound to it again")
    func unbound() async throws {
        let broker = try await PrivateBroker()
        try await broker.setUser("guarded", password: "p")
        func allowWriting(_ names: String) async throws {
            try await broker.evaluate(
                #"rabbit_auth_backend_internal:set_permissions(<<"guarded">>, <<"/">>, <<".*">>, <<"\#(names)">>, <<".*">>, <<"t">>)."#
            )
        }
        let host = try #require(HostName("a"))
        try await connected(broker.url) { connection in
            #expect(try await Topology(hosts: [host]).declare(on: connection) == [])
            try await allowWriting("^(?!reflow.tasks.a$)")
            try await connected(broker.url(user: "guarded", password: "p")) { own in
                let (told, tell) = AsyncStream.makeStream(of: String.self)
                var keeper = TopologyKeeper(Topology(hosts: []), on: own, log: log)
                keeper.hosts = { [host] }
                keeper.report = { problems in
                    tell.yield(problems.map { "refused: \($0.part)" }.first ?? "all is declared")
                }
                keeper.reportMissing = { tell.yield($1 ? "\($0) is missing" : "\($0) is there") }
                let keeping = Task { [keeper] in await keeper.run() }
                defer { keeping.cancel() }
                var reports = told.makeAsyncIterator()
                #expect(await reports.next() == "all is declared")
                try await connection.delete(exchange: ExchangeName.tasks)
                #expect(await reports.next() == "exchange 'reflow.tasks' is missing")
                for _ in 0..<3 {
                    #expect(
                        await reports.next()
                            == "refused: binding of queue 'reflow.tasks.a' to exchange 'reflow.tasks'")
                }
                try await allowWriting(".*")
                while let report = await reports.next(), report != "all is declared" {
                    #expect(report != "exchange 'reflow.tasks' is there")
                }
                while let report = await reports.next(), report != "exchange 'reflow.tasks' is there" {}
                #expect(try await arrives(at: ExchangeName.tasks, on: connection))
            }
        }
    }

    @Test("a process that has not the right to look after it declares nothing, until it has")
    func standby() async throws {
        let broker = try await PrivateBroker()
        try await connected(broker.url) { connection in
            let (asked, ask) = AsyncStream.makeStream(of: Void.self)
            let isActive = Mutex(false)
            var keeper = TopologyKeeper(Topology(hosts: []), on: connection, log: log)
            keeper.isActive = {
                ask.yield()
                return isActive.withLock(\.self)
            }
            let keeping = Task { [keeper] in await keeper.run() }
            defer { keeping.cancel() }
            var questions = asked.makeAsyncIterator()
            for _ in 0..<3 { await questions.next() }
            await #expect(throws: AMQPError.self) {
                try await connection.inspect(exchange: ExchangeName.events)
            }
            isActive.withLock { $0 = true }
            while (try? await connection.inspect(exchange: ExchangeName.events)) == nil {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
