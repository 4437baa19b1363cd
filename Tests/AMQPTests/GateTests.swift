import Support
import Testing

@testable import AMQP

/// A consumer that consumes only while another does.
@Suite struct GateTests {
    private let now = Instant.now
    private var machine = ConnectionMachine(ConnectionOptions(name: "test"), random: { 1 })
    private let exclusive = ClientMethod.consume(queue: "control", isExclusive: true, arguments: [:])
    private let tasks = ClientMethod.consume(queue: "tasks", arguments: [:])

    init() {
        machine.subscribe(1, Subscription(queue: "control", steps: [exclusive]), at: now)
        machine.subscribe(2, Subscription(queue: "tasks", steps: [tasks], gate: 1), at: now)
    }

    private mutating func receive(_ channel: ChannelNumber, _ methods: ServerMethod...) throws {
        for method in methods { try machine.received(.method(channel, method), at: now) }
    }

    private mutating func connect() throws {
        machine.connected(at: now)
        try receive(1, .channelOpenOk)
        try receive(2, .channelOpenOk, .reply(.done))
    }

    /// What was sent on `channel` since the last look.
    private mutating func sent(_ channel: ChannelNumber) -> [ClientMethod] {
        defer { machine.actions = [] }
        return machine.actions.compactMap {
            if case .send(.method(channel, let method)) = $0 { method } else { nil }
        }
    }

    @Test mutating func opensOnceTheOtherConsumes() throws {
        try connect()
        #expect(sent(4) == [])
        try receive(3, .channelOpenOk)
        #expect(sent(4) == [])
        try receive(3, .reply(.consuming(consumerTag: "c")))
        #expect(sent(4) == [.channelOpen])
        try receive(4, .channelOpenOk)
        #expect(sent(4) == [tasks])
    }

    @Test mutating func opensAtOnceForWhoComesWhenTheOtherConsumesAlready() throws {
        try connect()
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        machine.actions = []
        machine.subscribe(3, Subscription(queue: "more", steps: [tasks], gate: 1), at: now)
        #expect(sent(5) == [.channelOpen])
    }

    @Test mutating func shutsWhenTheOtherIsRefusedAndOpensAgainWithIt() throws {
        try connect()
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        try receive(4, .channelOpenOk, .reply(.consuming(consumerTag: "t")))
        _ = sent(4)
        try receive(3, .cancel(consumerTag: "c"))
        #expect(sent(4) == [.channelClose])
        try receive(3, .channelCloseOk)
        try receive(4, .channelCloseOk)
        machine.tick(at: now + .seconds(1))
        let closure = Closure(
            replyCode: 403, text: "ACCESS_REFUSED - queue 'control' in vhost '/' in exclusive use")
        try receive(3, .channelOpenOk, .channelClose(closure))
        #expect(
            machine.actions.contains {
                if case .report(.notConsuming("control", let error, retryIn: _)) = $0 {
                    error.code == .inUse && error.isRetriable
                } else {
                    false
                }
            })
        machine.tick(at: now + .seconds(2))
        #expect(sent(4) == [])
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        #expect(sent(4) == [.channelOpen])
    }

    @Test mutating func waitsForTheOtherAfterALostConnectionToo() throws {
        try connect()
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        try receive(4, .channelOpenOk, .reply(.consuming(consumerTag: "t")))
        _ = machine.disconnected(AMQPError(.unreachable, "gone"), at: now)
        machine.actions = []
        try connect()
        #expect(sent(4) == [])
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        #expect(sent(4) == [.channelOpen])
    }

    @Test mutating func opensAgainThoughItsOwnEndIsNotThroughYet() throws {
        try connect()
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        try receive(4, .channelOpenOk, .reply(.consuming(consumerTag: "t")))
        try receive(3, .cancel(consumerTag: "c"), .channelCloseOk)
        machine.tick(at: now + .seconds(1))
        try receive(3, .channelOpenOk, .reply(.consuming(consumerTag: "c")))
        _ = sent(4)
        try receive(4, .channelCloseOk)
        machine.tick(at: now + .seconds(1))
        #expect(sent(4) == [.channelOpen])
    }
}

/// Two of one name at a real broker.
@Suite(.timeLimit(.minutes(1))) struct ExclusiveConsumerTests {
    @Test func onlyOneConsumesAndTheOtherTakesOver() async throws {
        let name = testOptions().name
        try await withConnection { first in
            try await first.declare(QueueDefinition("\(name).control"))
            try await first.declare(
                QueueDefinition("\(name).tasks", arguments: ["x-single-active-consumer": true]))
            func consume(_ connection: Connection) -> (Deliveries, Deliveries) {
                let control = connection.consume(queue: "\(name).control", prefetch: 1, isExclusive: true)
                return (
                    control, connection.consume(queue: "\(name).tasks", prefetch: 1, whileConsuming: control)
                )
            }
            let firstStates = first.states
            let mine = consume(first)
            _ = try await firstStates.reaches { $0 == .consuming(queue: "\(name).tasks") }
            try await withConnection { second in
                let states = second.states
                let theirs = consume(second)
                let refused = try await states.reaches { if case .notConsuming = $0 { true } else { false } }
                guard case .notConsuming("\(name).control", let error, retryIn: _) = refused else {
                    Issue.record("\(refused)")
                    return
                }
                #expect(error.code == .inUse)
                #expect(try await second.inspect(queue: "\(name).tasks").consumers == 1)
                let later = second.states
                await first.close()
                _ = try await later.reaches { $0 == .consuming(queue: "\(name).tasks") }
                try await second.publish(message("t"), exchange: "", routingKey: "\(name).tasks")
                var tasks = theirs.1.makeAsyncIterator()
                #expect(await tasks.next()?.text == "t")
                for queue in ["control", "tasks"] { try await second.delete(queue: "\(name).\(queue)") }
            }
            withExtendedLifetime(mine) {}
        }
    }
}
