import Testing

@testable import AMQP

@Suite struct PublisherTests {
    private let now = Instant.now
    private var actions: [Action] = []
    private var publisher: Publisher

    init() {
        var options = ConnectionOptions(name: "test")
        options.maxUnconfirmed = 3
        options.maxBodySize = 100
        publisher = Publisher(channel: 2, options)
    }

    private func publication(
        _ key: String = "k", exchange: String = "e", id: String? = nil, size: Int = 1, mandatory: Bool = false
    ) -> Publication {
        var message = Message(body: [UInt8](repeating: 0, count: size))
        message.properties.messageID = id
        return Publication(message: message, exchange: exchange, routingKey: key, isMandatory: mandatory)
    }

    private mutating func open() {
        publisher.connected(at: now, &actions)
        publisher.received(.channelOpenOk, at: now, &actions)
        publisher.received(.reply(.done), at: now, &actions)
    }

    /// What has been sent to exchanges since the last call, by routing key.
    private mutating func published() -> [String] {
        defer { actions.removeAll { if case .send = $0 { true } else { false } } }
        return actions.compactMap {
            if case .send(.publish(_, let publication)) = $0 { publication.routingKey } else { nil }
        }
    }

    /// The answers since the last call: the error's code, `nil` for success.
    private mutating func settled() -> [WaiterID: AMQPError.Code?] {
        defer { actions.removeAll { if case .settle = $0 { true } else { false } } }
        var settled: [WaiterID: AMQPError.Code?] = [:]
        for case .settle(let id, let outcome) in actions {
            settled[id] = .some(outcome.error?.code)
        }
        return settled
    }

    @Test mutating func asksForConfirmsBeforeItPublishes() {
        publisher.publish(1, publication(), &actions)
        publisher.connected(at: now, &actions)
        #expect(actions == [.send(.method(2, .channelOpen))])
        publisher.received(.channelOpenOk, at: now, &actions)
        #expect(actions.last == .send(.method(2, .confirmSelect)))
        publisher.received(.reply(.done), at: now, &actions)
        #expect(actions.last == .send(.publish(2, publication())))
    }

    @Test mutating func confirmsSingleMultipleAndOutOfOrder() {
        open()
        for id in 1...3 { publisher.publish(WaiterID(id), publication(), &actions) }
        publisher.received(.ack(tag: 2, multiple: false), at: now, &actions)
        #expect(settled() == [2: nil])
        publisher.received(.ack(tag: 3, multiple: true), at: now, &actions)
        #expect(settled() == [1: nil, 3: nil])
        #expect(publisher.isIdle)
        // Invalid tags from a broker: settled before, or never assigned.
        publisher.received(.ack(tag: 1, multiple: true), at: now, &actions)
        publisher.received(.ack(tag: 99, multiple: true), at: now, &actions)
        publisher.received(.ack(tag: 99, multiple: false), at: now, &actions)
        #expect(settled() == [:])
        publisher.publish(4, publication(), &actions)
        publisher.received(.ack(tag: 0, multiple: true), at: now, &actions)
        #expect(settled() == [4: nil])
    }

    @Test mutating func aNackFails() {
        open()
        publisher.publish(1, publication(), &actions)
        publisher.received(.nack(tag: 1, multiple: false), at: now, &actions)
        #expect(settled() == [1: .nacked])
    }

    @Test mutating func aReturnIsMatchedByMessageID() throws {
        open()
        publisher.publish(1, publication(id: "a", mandatory: true), &actions)
        publisher.publish(2, publication(id: "b", mandatory: true), &actions)
        publisher.publish(3, publication(id: "b"), &actions)
        let head = ReturnHead(replyCode: 312, text: "NO_ROUTE", exchange: "e", routingKey: "k")
        publisher.received(.returned(head), at: now, &actions)
        var properties = MessageProperties()
        properties.messageID = "b"
        try publisher.header(bodySize: 1, properties)
        try [UInt8](repeating: 0, count: 1).withUnsafeBytes { try publisher.body($0) }
        publisher.received(.ack(tag: 3, multiple: true), at: now, &actions)
        #expect(settled() == [1: nil, 2: .returned, 3: nil])
    }

    @Test mutating func noMoreIsInFlightThanAllowed() {
        open()
        for id in 1...5 { publisher.publish(WaiterID(id), publication("\(id)"), &actions) }
        #expect(published() == ["1", "2", "3"])
        publisher.received(.ack(tag: 1, multiple: false), at: now, &actions)
        #expect(published() == ["4"])
        publisher.received(.ack(tag: 4, multiple: true), at: now, &actions)
        #expect(published() == ["5"])
    }

    @Test mutating func nothingIsSentWhileBlocked() {
        open()
        publisher.blocked(true, &actions)
        publisher.publish(1, publication("1"), &actions)
        publisher.offer(publication("offer"), &actions)
        #expect(published() == [])
        publisher.blocked(false, &actions)
        #expect(published() == ["1"])
    }

    @Test mutating func anOfferIsSentAtOnceOrNever() {
        publisher.offer(publication("too early"), &actions)
        open()
        publisher.offer(publication("now"), &actions)
        #expect(published() == ["now"])
        for id in 1...3 { publisher.publish(WaiterID(id), publication("\(id)"), &actions) }
        publisher.offer(publication("too busy"), &actions)
        publisher.received(.ack(tag: 3, multiple: true), at: now, &actions)
        publisher.received(.ack(tag: 4, multiple: true), at: now, &actions)
        #expect(published() == ["1", "2", "3"])
        #expect(publisher.isIdle)
    }

    @Test mutating func unconfirmedMessagesArePublishedAgainInOrder() {
        open()
        publisher.publish(1, publication("1"), &actions)
        publisher.offer(publication("offer"), &actions)
        publisher.publish(2, publication("2"), &actions)
        publisher.publish(3, publication("3"), &actions)
        publisher.received(.ack(tag: 1, multiple: false), at: now, &actions)
        publisher.disconnected()
        actions = []
        open()
        #expect(published() == ["2", "3"])
        // Numbers restart with the channel.
        publisher.received(.ack(tag: 2, multiple: true), at: now, &actions)
        #expect(settled() == [2: nil, 3: nil])
    }

    @Test mutating func aCancelledMessageIsNotPublishedAgain() {
        open()
        publisher.publish(1, publication("1"), &actions)
        publisher.publish(2, publication("2"), &actions)
        publisher.forget(1)
        publisher.disconnected()
        actions = []
        open()
        #expect(published() == ["2"])
    }

    @Test mutating func aMissingExchangeFailsItsMessagesOnly() {
        open()
        publisher.publish(1, publication("1", exchange: "good"), &actions)
        publisher.publish(2, publication("2", exchange: "bad"), &actions)
        publisher.offer(publication("3", exchange: "bad"), &actions)
        actions = []
        let closure = Closure(replyCode: 404, text: "NOT_FOUND - no exchange 'bad' in vhost '/'")
        publisher.received(.channelClose(closure), at: now, &actions)
        #expect(settled() == [2: .notFound])
        #expect(actions.contains(.report(.offerRefused(AMQPError(closure)))))
        #expect(actions.prefix(1) == [.send(.method(2, .channelCloseOk))])
        publisher.received(.channelOpenOk, at: now, &actions)
        publisher.received(.reply(.done), at: now, &actions)
        #expect(published() == ["1"])
    }

    @Test(arguments: [
        ("NOT_FOUND - no exchange 'a' in vhost '/'", [1, 3]),
        ("ACCESS_REFUSED - access to exchange 'b' in vhost '/' refused for user 'u'", [2]),
        ("PRECONDITION_FAILED - message size 50 is larger than configured max size 40", [3]),
        ("PRECONDITION_FAILED - something else", [1, 2, 3]),
    ])
    func culpritsOfAClosedChannel(text: String, expected: [UInt64]) {
        let candidates = [
            1: publication(exchange: "a", size: 5), 2: publication(exchange: "b", size: 505),
            3: publication(exchange: "a", size: 50),
        ]
        let closure = Closure(replyCode: 406, text: text)
        let culprits = Publisher.culprits(
            of: closure,
            among: Dictionary(uniqueKeysWithValues: candidates.map { (UInt64($0.key), $0.value) }))
        #expect(culprits.sorted() == expected)
    }

    @Test mutating func aBrokerThatDoesNotOpenAChannelIsGivenUp() {
        publisher.connected(at: now, &actions)
        publisher.tick(at: now + .seconds(14), &actions)
        #expect(actions.count == 1)
        publisher.tick(at: now + .seconds(15), &actions)
        guard case .disconnect = actions.last else {
            Issue.record("\(actions)")
            return
        }
    }
}

extension Result {
    /// The error, if it is one.
    fileprivate var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
