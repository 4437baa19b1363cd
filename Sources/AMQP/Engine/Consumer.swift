/// What a consumer subscribes to.
struct Subscription: Hashable, Sendable {
    /// The queue, for reports.
    var queue: String
    /// Sent in this order each time its channel has opened; the last one is basic.consume.
    var steps: [ClientMethod]
    /// The consumer without which this one does not consume.
    var gate: ConsumerID?
    /// How often to ask whether the queue, and this consumer of it, are still there.
    var check: Duration?
    /// The longest pause before it is tried again, where that is less than the connection's.
    var longestPause: Duration?
}

/// One consumer on a channel of its own: subscribed again after whatever happened to it.
///
/// A channel each, so that what one consumer does wrong (a missing queue, an ack too late) costs the others nothing:
/// AMQP answers errors by closing the channel, and that gives back everything delivered on it.
struct Consumer {
    private enum Phase {
        case offline
        /// Its gate is shut.
        case held
        case waiting(until: Instant)
        case opening
        case subscribing(step: Int)
        case consuming(consumerTag: String)
        /// The application has left; its last deliveries may still be settled.
        case cancelling
        /// This side closes the channel.
        case closing(then: Next)
        case ended
    }

    /// What comes after this side has closed the channel.
    private enum Next: Hashable {
        case retry(after: Duration)
        case hold
        case end
    }

    private let id: ConsumerID
    let channel: ChannelNumber
    private let subscription: Subscription
    private let maxBodySize: Int
    private let rpcTimeout: Duration

    private var phase = Phase.offline
    private var pace: Pace
    private var assembler: ContentAssembler
    private var incarnation: Incarnation?
    /// Asked whether the queue is there, and not answered yet.
    private var isChecking = false
    /// Delivered and not settled.
    private var outstanding: Set<UInt64> = []

    /// The broker has failed over this consumer: until then, the others have the connection for themselves.
    private var notBefore: Instant?

    /// When something is due.
    private(set) var deadline: Instant?

    init(_ id: ConsumerID, _ subscription: Subscription, channel: ChannelNumber, _ options: ConnectionOptions)
    {
        self.id = id
        self.channel = channel
        self.subscription = subscription
        maxBodySize = options.maxBodySize
        rpcTimeout = options.rpcTimeout
        var backoff = options.backoff
        backoff.maximum = min(backoff.maximum, subscription.longestPause ?? backoff.maximum)
        pace = Pace(backoff)
        assembler = ContentAssembler(maxBodySize: options.maxBodySize)
    }

    /// The consumer without which this one does not consume.
    var gate: ConsumerID? { subscription.gate }

    /// It is subscribed.
    var isConsuming: Bool {
        if case .consuming = phase { true } else { false }
    }

    /// Nothing more will come of it.
    var isEnded: Bool {
        if case .ended = phase { true } else { false }
    }

    // MARK: Of the application

    mutating func settle(_ tag: UInt64, _ settlement: Settlement, _ actions: inout [Action]) {
        // The broker closes the channel over a tag that it does not know, such as one settled twice.
        guard outstanding.remove(tag) != nil else { return }
        switch settlement {
        case .ack: actions.append(.send(.method(channel, .ack(tag: tag))))
        case .reject(let requeue):
            actions.append(.send(.method(channel, .reject(tag: tag, requeue: requeue))))
        }
        if case .cancelling = phase { closeWhenSettled(&actions) }
    }

    /// The application wants no more; `unread` were not handed over to it.
    mutating func unsubscribe(unread: [UInt64], _ actions: inout [Action]) {
        switch phase {
        case .offline, .held, .waiting: end(&actions)
        case .consuming(let consumerTag):
            actions.append(.send(.method(channel, .cancel(consumerTag: consumerTag))))
            phase = .cancelling
            for tag in unread { settle(tag, .reject(requeue: true), &actions) }
            closeWhenSettled(&actions)
        case .opening, .subscribing: close(then: .end, &actions)
        case .closing: phase = .closing(then: .end)
        case .cancelling, .ended: break
        }
    }

    // MARK: Of the connection

    mutating func connected(at now: Instant, _ actions: inout [Action]) {
        open(at: now, &actions)
    }

    /// Its gate is open: it may subscribe.
    mutating func release(at now: Instant, _ actions: inout [Action]) {
        switch phase {
        // Offline: it has subscribed just now, while its gate was open.
        case .offline, .held: open(at: now, &actions)
        case .closing(then: .hold): phase = .closing(then: .retry(after: .zero))
        default: break
        }
    }

    /// Its gate is shut: what it has delivered goes back.
    mutating func hold(_ actions: inout [Action]) {
        switch phase {
        case .offline, .waiting:
            phase = .held
            deadline = nil
        case .opening, .subscribing, .consuming: close(then: .hold, &actions)
        case .closing(then: .retry): phase = .closing(then: .hold)
        case .held, .cancelling, .closing, .ended: break
        }
    }

    mutating func disconnected(
        _ error: AMQPError, at now: Instant, random: Double, _ actions: inout [Action]
    ) {
        if error.replyCode == AMQPError.internalError, isAskingToConsume {
            let failure = AMQPError(
                .queueBroken,
                "the broker fails when '\(subscription.queue)' is consumed (INTERNAL_ERROR, 541); if that stays, it has lost the queue's content: delete the queue, and declare it again",
                replyCode: error.replyCode)
            notBefore = now + interrupted(failure, at: now, random, &actions)
        }
        retire(&actions)
        deadline = nil
        switch phase {
        case .cancelling, .closing(then: .end): end(&actions)
        case .ended: break
        default: phase = .offline
        }
    }

    mutating func received(
        _ method: ServerMethod, incarnations: inout Incarnation, at now: Instant, random: Double,
        _ actions: inout [Action]
    ) {
        switch (method, phase) {
        case (.channelOpenOk, .opening):
            incarnations += 1
            incarnation = incarnations
            actions.append(.opened(id, incarnations))
            subscribe(step: 0, at: now, &actions)
        case (.reply(let reply), .subscribing(let step)):
            if case .consuming(let consumerTag) = reply {
                phase = .consuming(consumerTag: consumerTag)
                isChecking = false
                deadline = subscription.check.map { now + $0 }
                pace.succeeded(at: now)
                actions.append(.report(.consuming(queue: subscription.queue)))
            } else {
                subscribe(step: step + 1, at: now, &actions)
            }
        case (.reply(.queue(let status)), .consuming) where isChecking:
            isChecking = false
            deadline = subscription.check.map { now + $0 }
            guard status.consumers == 0 else { break }
            let error = AMQPError(
                .cancelled,
                "the broker has forgotten the consumer of '\(subscription.queue)': is it another queue?")
            close(then: .retry(after: interrupted(error, at: now, random, &actions)), &actions)
        case (.deliver(let head), .consuming), (.deliver(let head), .cancelling):
            if !assembler.begin(.delivery(head)) { actions.append(.disconnect(.outOfOrder)) }
        case (.cancel, .consuming):
            let error = AMQPError(
                .cancelled, "the broker cancelled the consumer of '\(subscription.queue)': is the queue gone?"
            )
            close(then: .retry(after: interrupted(error, at: now, random, &actions)), &actions)
        case (.channelClose, .closing), (.channelClose, .cancelling):
            actions.append(.send(.method(channel, .channelCloseOk)))
            if case .cancelling = phase { end(&actions) }
        case (.channelClose(let closure), _):
            actions.append(.send(.method(channel, .channelCloseOk)))
            wait(interrupted(AMQPError(closure), at: now, random, &actions), at: now)
        case (.channelCloseOk, .closing(.retry(let pause))): wait(pause, at: now)
        case (.channelCloseOk, .closing(.hold)): phase = .held
        case (.channelCloseOk, .closing(.end)): end(&actions)
        default:
            break  // Of the channel's earlier life.
        }
    }

    mutating func header(
        bodySize: UInt64, _ properties: MessageProperties, _ actions: inout [Action]
    ) throws(AMQPError) {
        guard incarnation != nil else { return }
        deliver(
            try orderly { () throws(ContentAssembler.OutOfOrder) in
                try assembler.header(bodySize: bodySize, properties)
            }, &actions)
    }

    mutating func body(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) throws(AMQPError) {
        guard incarnation != nil else { return }
        deliver(
            try orderly { () throws(ContentAssembler.OutOfOrder) in try assembler.body(bytes) }, &actions)
    }

    mutating func tick(at now: Instant, random: Double, _ actions: inout [Action]) {
        guard let deadline, now >= deadline else { return }
        switch phase {
        case .waiting: open(at: now, &actions)
        case .opening, .subscribing:
            // A quorum queue without a leader lets its consumers wait, as long as that lasts.
            let error = AMQPError(.timeout, "no answer to the subscription within \(rpcTimeout)")
            close(then: .retry(after: interrupted(error, at: now, random, &actions)), &actions)
        case .consuming:
            // A quorum queue does not always say that it was deleted (RabbitMQ 3.10); one that is missing closes the channel, and
            // one without a leader answers when it has one.
            self.deadline = nil
            guard subscription.check != nil, !isChecking else { break }
            isChecking = true
            actions.append(.send(.method(channel, .inspectQueue(subscription.queue))))
        case .offline, .held, .cancelling, .closing, .ended: self.deadline = nil
        }
    }

    // MARK: -

    private mutating func open(at now: Instant, _ actions: inout [Action]) {
        if let notBefore, now < notBefore { return wait(notBefore - now, at: now) }
        phase = .opening
        deadline = now + rpcTimeout
        assembler = ContentAssembler(maxBodySize: maxBodySize)
        actions.append(.send(.method(channel, .channelOpen)))
    }

    /// basic.consume is sent, and not answered.
    private var isAskingToConsume: Bool {
        if case .subscribing(let step) = phase { step == subscription.steps.count - 1 } else { false }
    }

    private mutating func subscribe(step: Int, at now: Instant, _ actions: inout [Action]) {
        phase = .subscribing(step: step)
        deadline = now + rpcTimeout
        actions.append(.send(.method(channel, subscription.steps[step])))
    }

    private mutating func deliver(_ content: ContentAssembler.Content?, _ actions: inout [Action]) {
        guard let content, let incarnation, case .delivery(let head) = content.head else { return }
        if case .cancelling = phase {
            // Crossed the cancellation on its way; nobody will read it.
            actions.append(.send(.method(channel, .reject(tag: head.tag, requeue: true))))
            return
        }
        outstanding.insert(head.tag)
        actions.append(.deliver(id, incarnation, content))
    }

    /// Reports that the subscription is lost, and returns when to try again. Whoever reads the report finds that its
    /// deliveries can no longer be settled.
    private mutating func interrupted(
        _ error: AMQPError, at now: Instant, _ random: Double, _ actions: inout [Action]
    ) -> Duration {
        retire(&actions)
        let pause = pace.failed(at: now, random: random)
        actions.append(.report(.notConsuming(queue: subscription.queue, error, retryIn: pause)))
        return pause
    }

    private mutating func closeWhenSettled(_ actions: inout [Action]) {
        if outstanding.isEmpty { close(then: .end, &actions) }
    }

    private mutating func close(then next: Next, _ actions: inout [Action]) {
        retire(&actions)
        phase = .closing(then: next)
        deadline = nil  // the answer may take as long as what the channel is stuck in
        actions.append(.send(.method(channel, .channelClose)))
    }

    private mutating func wait(_ pause: Duration, at now: Instant) {
        phase = .waiting(until: now + pause)
        deadline = now + pause
    }

    private mutating func retire(_ actions: inout [Action]) {
        outstanding = []
        guard let incarnation else { return }
        self.incarnation = nil
        actions.append(.retired(id, incarnation))
    }

    private mutating func end(_ actions: inout [Action]) {
        retire(&actions)
        phase = .ended
        deadline = nil
        actions.append(.ended(id))
    }
}
