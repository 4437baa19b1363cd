import Testing

@testable import AMQP

@Suite struct ConsumerTests {
    private let now = Instant.now
    private var actions: [Action] = []
    private var incarnations: Incarnation = 0
    private var consumer: Consumer

    init() {
        let options = ConnectionOptions(name: "test")
        let steps: [ClientMethod] = [.qos(prefetch: 2), .consume(queue: "q", arguments: [:])]
        consumer = Consumer(7, Subscription(queue: "q", steps: steps), channel: 3, options)
    }

    private mutating func receive(_ method: ServerMethod, after delay: Duration = .zero) {
        consumer.received(method, incarnations: &incarnations, at: now + delay, random: 1, &actions)
    }

    private mutating func subscribe() {
        consumer.connected(at: now, &actions)
        resubscribe()
    }

    private mutating func resubscribe() {
        receive(.channelOpenOk)
        receive(.reply(.done))
        receive(.reply(.consuming(consumerTag: "c")))
    }

    /// The connection is lost.
    private mutating func lose(_ error: AMQPError = AMQPError(.unreachable, "lost")) {
        consumer.disconnected(error, at: now, random: 1, &actions)
    }

    private mutating func deliver(_ tag: UInt64) throws {
        let head = DeliveryHead(
            consumerTag: "c", tag: tag, isRedelivered: false, exchange: "", routingKey: "q")
        receive(.deliver(head))
        try consumer.header(bodySize: 0, MessageProperties(), &actions)
    }

    private func sent(_ methods: ClientMethod...) -> [Action] { methods.map { .send(.method(3, $0)) } }

    @Test mutating func subscribesStepByStep() {
        subscribe()
        #expect(
            actions == [
                .send(.method(3, .channelOpen)), .opened(7, 1), .send(.method(3, .qos(prefetch: 2))),
                .send(.method(3, .consume(queue: "q", arguments: [:]))), .report(.consuming(queue: "q")),
            ])
        #expect(consumer.deadline == nil)
    }

    @Test("over whom the broker fails waits, and leaves the connection to the others", arguments: [541, 320])
    mutating func theBrokerFails(code: UInt16) throws {
        consumer.connected(at: now, &actions)
        receive(.channelOpenOk)
        receive(.reply(.done))
        actions = []
        lose(AMQPError(Closure(replyCode: code, text: "INTERNAL_ERROR")))
        consumer.connected(at: now, &actions)
        guard code == 541 else {
            #expect(actions == [.retired(7, 1), .send(.method(3, .channelOpen))])
            return
        }
        guard case .report(.notConsuming("q", let error, let pause)) = actions.dropFirst().first else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .queueBroken && pause > .zero)
        #expect(actions.count == 2)
        actions = []
        consumer.tick(at: now + pause, random: 1, &actions)
        #expect(actions == [.send(.method(3, .channelOpen))])
    }

    @Test("who consumes already has not made the broker fail") mutating func anotherMadeTheBrokerFail() throws
    {
        subscribe()
        actions = []
        lose(AMQPError(Closure(replyCode: 541, text: "INTERNAL_ERROR")))
        #expect(actions == [.retired(7, 1)])
    }

    @Test mutating func aTagIsSettledOnce() throws {
        subscribe()
        try deliver(1)
        actions = []
        consumer.settle(1, .ack, &actions)
        consumer.settle(1, .ack, &actions)
        consumer.settle(2, .reject(requeue: true), &actions)
        #expect(actions == sent(.ack(tag: 1)))
    }

    @Test mutating func whatALostConnectionDeliveredIsNotSettled() throws {
        subscribe()
        try deliver(1)
        actions = []
        lose()
        #expect(actions == [.retired(7, 1)])
        subscribe()
        actions = []
        consumer.settle(1, .ack, &actions)
        #expect(actions == [])
    }

    @Test mutating func anImpatientOneWaitsNoLongerThanItWants() throws {
        let subscription = Subscription(
            queue: "q", steps: [.consume(queue: "q", arguments: [:])], longestPause: .seconds(5))
        consumer = Consumer(7, subscription, channel: 3, ConnectionOptions(name: "test"))
        var time = now
        consumer.connected(at: now, &actions)
        var pauses: [Duration] = []
        for _ in 0..<10 {
            let closure = Closure(replyCode: 405, text: "RESOURCE_LOCKED - cannot obtain exclusive access")
            receive(.channelClose(closure), after: time - now)
            let next = try #require(consumer.deadline)
            pauses.append(next - time)
            time = next
            consumer.tick(at: time, random: 1, &actions)
        }
        #expect(pauses.max() == .seconds(5))
        #expect(pauses.first == .milliseconds(250))
    }

    @Test mutating func aMissingQueueIsTriedAgainWithGrowingPauses() throws {
        let closure = Closure(replyCode: 404, text: "NOT_FOUND - no queue 'q' in vhost '/'")
        var time = now
        consumer.connected(at: now, &actions)
        for pause in [250, 500, 1000] {
            receive(.channelOpenOk)
            receive(.reply(.done))
            actions = []
            receive(.channelClose(closure), after: time - now)
            let retryIn = Duration.milliseconds(pause)
            #expect(
                actions == [
                    .send(.method(3, .channelCloseOk)),
                    .retired(7, incarnations),
                    .report(.notConsuming(queue: "q", AMQPError(closure), retryIn: retryIn)),
                ])
            time = try #require(consumer.deadline)
            actions = []
            consumer.tick(at: time, random: 1, &actions)
            #expect(actions == sent(.channelOpen))
        }
    }

    @Test mutating func aCancelledConsumerSubscribesAgain() throws {
        subscribe()
        actions = []
        receive(.cancel(consumerTag: "c"))
        // After the report nothing can be settled any longer.
        try #require(actions.count == 3)
        guard case .report(.notConsuming("q", let error, retryIn: _)) = actions.remove(at: 1) else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .cancelled)
        #expect(actions == [.retired(7, 1), .send(.method(3, .channelClose))])
        receive(.channelCloseOk)
        consumer.tick(at: try #require(consumer.deadline), random: 1, &actions)
        actions = []
        resubscribe()
        #expect(actions.last == .report(.consuming(queue: "q")))
    }

    @Test(arguments: [
        ServerMethod.channelClose(Closure(replyCode: 404, text: "NOT_FOUND - no queue 'q' in vhost '/'")),
        .reply(.queue(QueueStatus(name: "q", messages: 3, consumers: 0))),
    ])
    mutating func aQueueThatWentWithoutAWordIsFoundOut(answer: ServerMethod) throws {
        let steps = [ClientMethod.consume(queue: "q", arguments: [:])]
        consumer = Consumer(
            7, Subscription(queue: "q", steps: steps, check: .seconds(4)), channel: 3,
            ConnectionOptions(name: "test"))
        consumer.connected(at: now, &actions)
        receive(.channelOpenOk)
        receive(.reply(.consuming(consumerTag: "c")))
        for round in 1...2 {
            #expect(consumer.deadline == now + .seconds(4 * round))
            actions = []
            consumer.tick(at: now + .seconds(4 * round), random: 1, &actions)
            #expect(actions == sent(.inspectQueue("q")))
            // It waits for as long as the answer takes.
            #expect(consumer.deadline == nil)
            let answer =
                round == 1 ? .reply(.queue(QueueStatus(name: "q", messages: 3, consumers: 1))) : answer
            receive(answer, after: .seconds(4 * round))
        }
        #expect(!consumer.isConsuming)
        #expect(
            actions.contains {
                if case .report(.notConsuming("q", _, retryIn: _)) = $0 { true } else { false }
            })
    }

    @Test mutating func aLeavingConsumerReturnsTheUnreadAndMaySettleTheOthers() throws {
        subscribe()
        try deliver(1)
        try deliver(2)
        actions = []
        consumer.unsubscribe(unread: [2], &actions)
        #expect(actions == sent(.cancel(consumerTag: "c"), .reject(tag: 2, requeue: true)))
        actions = []
        try deliver(3)  // crossed the cancellation
        #expect(actions == sent(.reject(tag: 3, requeue: true)))
        actions = []
        consumer.settle(1, .ack, &actions)
        #expect(
            actions == [.send(.method(3, .ack(tag: 1))), .retired(7, 1), .send(.method(3, .channelClose))])
        receive(.channelCloseOk)
        #expect(actions.last == .ended(7))
        #expect(consumer.isEnded)
    }

    @Test mutating func aQueueThatDoesNotAnswerIsTriedAgain() throws {
        consumer.connected(at: now, &actions)
        receive(.channelOpenOk)
        receive(.reply(.done))
        actions = []
        consumer.tick(at: try #require(consumer.deadline), random: 1, &actions)
        try #require(actions.count == 3)
        guard case .report(.notConsuming("q", let error, retryIn: _)) = actions.remove(at: 1) else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .timeout)
        #expect(actions == [.retired(7, 1), .send(.method(3, .channelClose))])
        // The answer arrives late: it no longer counts.
        receive(.reply(.consuming(consumerTag: "c")))
        receive(.channelCloseOk)
        #expect(consumer.deadline != nil)
    }

    @Test mutating func aConsumerThatLeavesWhileOfflineIsRemoved() {
        subscribe()
        lose()
        consumer.unsubscribe(unread: [], &actions)
        #expect(actions.last == .ended(7))
    }
}
