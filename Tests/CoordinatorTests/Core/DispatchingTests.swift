import AMQP
import BrokerKit
import Contract
import Logging
import Rollout
import Support
import Synchronization
import Testing

@testable import Coordinator
@testable import ReflowAPI

/// A core at a broker of its own, from which things are taken away.
@Suite("What disappears at the broker", .serialized, .timeLimit(.minutes(3))) struct DispatchingTests {
    private static let broker = Task { try await PrivateBroker() }
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A coordinator that is at work, and a connection of somebody else.
    private func working(
        _ work: (PrivateBroker, Core, Connection) async throws -> Void
    ) async throws {
        let broker = try await Self.broker.value
        let connections = try ["publishes", "consumes", "meddles"].map {
            Connection(try Endpoint(url: broker.url), ConnectionOptions(name: $0))
        }
        let core = Core(store: try Store.inMemory(), fleet: Fleet(lostAfter: 30), log: log)
        await core.start()
        for connection in connections { connection.start() }
        let dispatcher = Dispatcher(
            core: core, publishing: connections[0], consuming: connections[1],
            mail: HostMail(ownUser: "guest", sharedUser: nil), log: log, topology: Topology(hosts: []),
            needsLease: true)
        let dispatching = Task {
            await dispatcher.run(
                from: [.queue(QueueName.coordinator), .queue(QueueName.dead), .telemetry])
        }
        var failure: (any Error)?
        do {
            try await until { core.health.readiness.isReady }
            try await work(broker, core, connections[2])
        } catch { failure = error }
        dispatching.cancel()
        await dispatching.value
        for connection in connections { await connection.close() }
        if let failure { throw failure }
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Waits until so many looks at what is there have begun: each sends such a message, and the first ends with a declaration.
    private func looks(_ count: Int, at connection: Connection) async throws {
        let looks = connection.consume(
            declaring: .temporary("looks-\(newMessageID())"),
            bindings: [Binding(exchange: ExchangeName.events, routingKey: "_probe.reflow.slice.probe")],
            prefetch: 10)
        var seen = 0
        for await look in looks {
            look.ack()
            seen += 1
            if seen == count { return }
        }
    }

    private func told(_ core: Core, since: Int64 = 0) async throws -> [LoggedEvent] {
        try await core.events(.init(after: since, limit: 1000))
    }

    /// Something that is deleted, and what is told of it.
    enum Loss: String, CaseIterable {
        case events, tasks, dead, slices, surveys, deadLetters

        var words: String {
            switch self {
            case .events: "exchange 'reflow.events'"
            case .tasks: "exchange 'reflow.tasks'"
            case .dead: "exchange 'reflow.dead'"
            case .slices, .surveys: "binding of queue 'reflow.coordinator' to exchange 'reflow.events'"
            case .deadLetters: "binding of queue 'reflow.dead' to exchange 'reflow.dead'"
            }
        }

        func happen(at connection: Connection) async throws {
            switch self {
            case .events: try await connection.delete(exchange: ExchangeName.events)
            case .tasks: try await connection.delete(exchange: ExchangeName.tasks)
            case .dead: try await connection.delete(exchange: ExchangeName.dead)
            case .slices, .surveys:
                let key = self == .slices ? "*.reflow.slice.*" : "*.reflow.survey.*"
                try await connection.unbind(
                    queue: QueueName.coordinator, Binding(exchange: ExchangeName.events, routingKey: key))
            case .deadLetters:
                try await connection.unbind(
                    queue: QueueName.dead, Binding(exchange: ExchangeName.dead))
            }
        }
    }

    @Test(
        "is noticed within 5 s, told, and declared again",
        arguments: [[.events], [.tasks, .slices, .deadLetters], [.surveys, .dead]] as [[Loss]])
    func losses(losses: [Loss]) async throws {
        try await working { _, core, connection in
            let words = losses.map { "the \($0.words) is missing: it is declared again" }
            try await looks(2, at: connection)
            let since = ContinuousClock.now
            for loss in losses { try await loss.happen(at: connection) }
            func untilTold(_ words: [String]) async throws {
                try await until { try await Set(told(core).map(\.text)).isSuperset(of: words) }
            }
            try await untilTold(words)
            // What goes while a look is under way is found by the next one.
            #expect(ContinuousClock.now - since < .seconds(losses.count > 1 ? 8 : 5))
            try await untilTold(losses.map { "the \($0.words) is there again" })
            #expect(core.health.readiness.isReady)
        }
    }

    @Test(
        "a queue that nobody consumes is told and declared again, and keeps nobody waiting",
        arguments: [QueueName.history, QueueName.unroutable])
    func unconsumed(queue: String) async throws {
        try await working { _, core, connection in
            try await looks(2, at: connection)
            let since = ContinuousClock.now
            try await connection.delete(queue: queue)
            func texts() async throws -> [String] { try await told(core).map(\.text) }
            try await until { try await texts().contains { $0.hasPrefix("the queue \(queue) is missing") } }
            #expect(ContinuousClock.now - since < .seconds(5))
            #expect(core.health.readiness.isReady)
            try await until { try await texts().contains("the queue \(queue) is there again") }
            _ = try await connection.inspect(queue: queue)
        }
    }

    @Test("a queue that was deleted again and again is consumed within seconds of the last time")
    func deletedOften() async throws {
        try await working { _, core, connection in
            for number in 1...7 {
                let since = ContinuousClock.now
                try await connection.delete(queue: QueueName.coordinator)
                try await until {
                    try await told(core).count { $0.type == "broker.queueBack" } == number
                }
                #expect(ContinuousClock.now - since < .seconds(7))
            }
        }
    }

    @Test("what is there is not missed, also beside many messages")
    func nothing() async throws {
        try await working { _, core, connection in
            for number in 0..<500 {
                try await connection.publish(
                    AMQP.Message(body: Array(repeating: 0, count: number)), exchange: ExchangeName.events,
                    routingKey: "a.reflow.slice.finished")
            }
            try await looks(4, at: connection)
            #expect(try await !told(core).contains { $0.type.hasSuffix("Lost") })
            #expect(core.health.readiness.isReady)
        }
    }

    @Test("hosts' queues are bound again to an exchange that was deleted")
    func hosts() async throws {
        try await working { _, core, connection in
            let host = named("a")
            _ = try await Topology(hosts: [host]).declare(on: connection)
            try await core.say(.init(generation: 1, mode: .run), to: host)
            await core.take([.heard(host, .hostState(.living()), id: nil, nil)])
            try await looks(2, at: connection)
            try await connection.delete(exchange: ExchangeName.tasks)
            try await until {
                try await told(core).contains { $0.type == "broker.exchangeBack" }
            }
            try await connection.publish(
                AMQP.Message(body: [1]), exchange: ExchangeName.tasks, routingKey: "a", mandatory: true)
            #expect(try await connection.inspect(queue: QueueName.tasks(host)).messages == 1)
        }
    }

    @Test("a task that found no queue is sent again once its host's queue is bound again")
    func unbound() async throws {
        try await working { _, core, connection in
            let host = named("c")
            _ = try await Topology(hosts: [host]).declare(on: connection)
            try await connection.unbind(
                queue: QueueName.tasks(host), Binding(exchange: ExchangeName.tasks, routingKey: "c"))
            await core.take([.heard(host, .hostState(.living()), id: nil, nil)])
            let request = SurveyRequest(hosts: [host], paths: ["/srv/*"], top: 20)
            let survey = try await core.startSurvey(request, by: "ada").id
            for await delivery in connection.consume(queue: QueueName.tasks(host), prefetch: 1) {
                #expect(try Contract.Message<HostTask>(delivery).body.askedSurvey?.job == survey)
                delivery.ack()
                break
            }
            try await until {
                try await told(core).contains { $0.type == "broker.bindingLost" && $0.host == host }
            }
        }
    }

    @Test("that a host's queue is missing is told once")
    func noQueue() async throws {
        try await working { _, core, connection in
            for number in 0..<10 {
                var message = AMQP.Message(body: [1])
                message.properties.messageID = "\(number)"
                try await connection.publish(
                    message, exchange: ExchangeName.tasks, routingKey: "nobody", mandatory: true)
            }
            func lost() async throws -> [String] {
                try await told(core).filter { $0.type == "broker.queueLost" }.map(\.text)
            }
            try await until { try await !lost().isEmpty }
            // What comes after it has come, too.
            try await connection.publish(
                AMQP.Message(body: [1]), exchange: ExchangeName.tasks, routingKey: "nobody-else",
                mandatory: true)
            try await until { try await lost().count > 1 }
            #expect(
                try await lost()
                    == ["nobody", "nobody-else"].map {
                        "host \($0) has no queue 'reflow.tasks.\($0)': run 'reflow provision --host \($0)'"
                    })
        }
    }

    @Test("a coordinator whose lease is lost consumes and publishes nothing until it has it again")
    func lease() async throws {
        try await working { broker, core, connection in
            // In one go, before the coordinator can have it again.
            try await broker.evaluate(
                """
                Lease = rabbit_misc:r(<<"/">>, queue, <<"reflow.coordinator.lease">>), \
                {ok, Q} = rabbit_amqqueue:lookup(Lease), \
                [Thief] = [Pid || [{pid, Pid}, {client_properties, P}] <- \
                rabbit_networking:connection_info_all([pid, client_properties]), is_list(P), \
                lists:member({<<"connection_name">>, longstr, <<"meddles">>}, P)], \
                rabbit_amqqueue:delete(Q, false, false, <<"test">>), \
                rabbit_amqqueue:declare(Lease, false, false, [], Thief, <<"test">>).
                """)
            try await until { !core.mayPublish }
            try await until { try await connection.inspect(queue: QueueName.coordinator).consumers == 0 }
            try await until { try await connection.inspect(queue: QueueName.dead).consumers == 0 }
            // What hosts answer waits for the coordinator that has the lease, and so does what is to be said.
            try await connection.publish(
                AMQP.Message(body: [1]), exchange: ExchangeName.dead, routingKey: "", mandatory: true)
            #expect(try await core.deadLetters().isEmpty)
            try await core.say(.init(generation: 1, mode: .run), to: named("a"))
            #expect(await core.outgoing(most: .max).isEmpty)
            #expect(!core.health.readiness.isReady)
            try await connection.delete(queue: Topology.leaseQueue.name)
            try await until { core.health.readiness.isReady }
            try await until { try await !core.deadLetters().isEmpty }
            #expect(try await told(core).contains { $0.type == "coordinator.active" })
        }
    }
}

extension HostTask {
    fileprivate var askedSurvey: SurveyTask? { if case .survey(let task) = self { task } else { nil } }
}
