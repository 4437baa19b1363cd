import AMQP
import Contract
import Glibc
import Logging
import Support
import Testing

@testable import BrokerKit

@Suite("Declaring at a real broker", .timeLimit(.minutes(2))) struct DeclaringTests {
    @Test("what conflicts is named, with what to do, and keeps nothing else from being declared")
    func conflicts() async throws {
        let broker = try await PrivateBroker()
        try await connected(broker.url) { connection in
            try await connection.declare(ExchangeDefinition(ExchangeName.dead, .direct))
            try await connection.declare(QueueDefinition("reflow.tasks.a", arguments: ["x-max-length": 7]))
            let host = try #require(HostName("a"))
            let topology = Topology(hosts: [host])
            let problems = try await topology.declare(on: connection)
            #expect(problems.map(\.part) == [.exchange("reflow.dead"), .queue("reflow.tasks.a")])
            for problem in problems {
                #expect(problem.error.code == .preconditionFailed)
                #expect("\(problem)".contains("delete it while nothing is at work"))
            }
            #expect("\(problems[1])".contains("rabbitmqctl delete_queue reflow.tasks.a"))
            // The rest is there, and so are bindings of what is there otherwise.
            for queue in topology.queues { _ = try await connection.inspect(queue: queue.name) }
            for (exchange, key) in [(ExchangeName.tasks, "a"), (ExchangeName.controlAll, "")] {
                try await connection.publish(
                    Message(body: [1]), exchange: exchange, routingKey: key, mandatory: true)
            }
            #expect(try await connection.inspect(queue: "reflow.tasks.a").messages == 1)
            try await connection.delete(queue: "reflow.tasks.a")
            try await connection.delete(exchange: ExchangeName.dead)
            #expect(try await topology.declare(on: connection) == [])
        }
    }

    @Test("an account that may not declare hears of everything that it may not")
    func forbidden() async throws {
        let broker = try await PrivateBroker()
        try await broker.setUser("guarded", password: "p", mayUseDefaultVirtualHost: false)
        try await broker.evaluate(
            #"rabbit_auth_backend_internal:set_permissions(<<"guarded">>, <<"/">>, <<"dead$">>, <<".*">>, <<".*">>, <<"t">>)."#
        )
        try await connected(broker.url(user: "guarded", password: "p")) { connection in
            let topology = Topology(hosts: [])
            let problems = try await topology.declare(on: connection)
            #expect(
                Set(problems.map(\.part))
                    == Set(
                        topology.exchanges.map(\.name).filter { $0 != ExchangeName.dead }.map {
                            .exchange($0)
                        }
                            + topology.queues.map(\.name).filter { $0 != QueueName.dead }.map { .queue($0) }))
            #expect(problems.allSatisfy { $0.error.code == .accessRefused })
        }
    }

    @Test("only what is missing is declared again, with what went with it")
    func only() {
        let all = Topology(hosts: [])
        #expect(all.only([]).parts.isEmpty)
        #expect(
            all.only([.exchange(ExchangeName.dead)]).parts == [
                .exchange(ExchangeName.dead),
                .binding(queue: QueueName.dead, exchange: ExchangeName.dead),
            ])
        #expect(
            all.only([.queue(QueueName.coordinator)]).parts == [
                .queue(QueueName.coordinator),
                .binding(queue: QueueName.coordinator, exchange: ExchangeName.events),
            ])
        let binding = TopologyProblem.Part.binding(
            queue: QueueName.coordinator, exchange: ExchangeName.events)
        #expect(all.only([binding]).parts == [binding])
        #expect(all.only([binding]).bindings.count == 2)
        #expect(all.only(all.parts).parts == all.parts)
    }

    @Test(
        "a probe that is refused is told: its exchange, or its message",
        arguments: [("^$", ".*"), (".*", "^$")])
    func refusedProbe(configure: String, write: String) async throws {
        let broker = try await PrivateBroker()
        try await broker.setUser("guarded", password: "p", mayUseDefaultVirtualHost: false)
        try await broker.evaluate(
            #"rabbit_auth_backend_internal:set_permissions(<<"guarded">>, <<"/">>, <<"\#(configure)">>, <<"\#(write)">>, <<".*">>, <<"t">>)."#
        )
        try await connected(broker.url(user: "guarded", password: "p")) { connection in
            let (told, tell) = AsyncStream.makeStream(of: AMQPError?.self)
            let probing = Task { await connection.probeForAlarms { tell.yield($0) } }
            defer { probing.cancel() }
            #expect(await told.first { _ in true }??.code == .accessRefused)
        }
    }

    @Test("a broker that hangs is told long before its connections end, and that it goes on")
    func hanging() async throws {
        let broker = try await PrivateBroker()
        let number = try await broker.evaluate("os:getpid().").filter(\.isNumber)
        let process = try #require(pid_t(number))
        defer { kill(process, SIGCONT) }
        try await connected(broker.url) { connection in
            let (told, tell) = AsyncStream.makeStream(of: AMQPError?.self)
            let probing = Task { await connection.probeForAlarms { tell.yield($0) } }
            defer { probing.cancel() }
            var reports = told.makeAsyncIterator()
            #expect(await reports.next() == .some(nil))
            let since = ContinuousClock.now
            kill(process, SIGSTOP)
            #expect(await reports.next()??.code == .timeout)
            #expect(ContinuousClock.now - since < .seconds(15))
            kill(process, SIGCONT)
            #expect(await reports.next() == .some(nil))
        }
    }

    @Test("a probe whose exchange is deleted declares it again, and has nothing to tell")
    func deletedProbe() async throws {
        let broker = try await PrivateBroker.shared()
        try await connected(broker.url) { connection in
            let (told, tell) = AsyncStream.makeStream(of: AMQPError?.self)
            let probing = Task { await connection.probeForAlarms { tell.yield($0) } }
            defer { probing.cancel() }
            var reports = told.makeAsyncIterator()
            #expect(await reports.next() == .some(nil))
            try await connection.delete(exchange: "reflow.probe")
            while (try? await connection.inspect(exchange: "reflow.probe")) == nil {
                try await Task.sleep(for: .milliseconds(100))
            }
            tell.finish()
            #expect(await reports.next() == nil)
        }
    }
}
