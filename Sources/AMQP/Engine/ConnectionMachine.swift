/// Everything that a connection decides, over all the reconnections of its life. Pure: it is told what happened and
/// when, and collects ``actions``; ``ConnectionThread`` carries them out.
struct ConnectionMachine {
    private enum Phase: Hashable {
        case offline
        case opening
        case ready
        /// No more work is taken; what is unconfirmed is waited for.
        case draining
        /// connection.close is sent.
        case closing
        case closed
    }

    private let options: ConnectionOptions
    private let random: () -> Double
    private var phase = Phase.offline
    private var management: Management
    private var publisher: Publisher
    private var consumers: [ConsumerID: Consumer] = [:]
    private var consumerOfChannel: [ChannelNumber: ConsumerID] = [:]
    /// Those with a gate, in order.
    private var gated: [ConsumerID] = []
    private var incarnations: Incarnation = 0
    private var pace: Pace
    /// When closing must be over.
    private var end: Instant?

    /// What is to be done; whoever does it empties this.
    var actions: [Action] = []

    /// Takes numbers from 0 to 1, for the pauses, from `random`.
    init(_ options: ConnectionOptions, random: @escaping () -> Double = { .random(in: 0...1) }) {
        self.options = options
        self.random = random
        management = Management(channel: 1, rpcTimeout: options.rpcTimeout)
        publisher = Publisher(channel: 2, options)
        pace = Pace(options.backoff)
    }

    /// Whether it has come to its end.
    var isClosed: Bool { phase == .closed }
    /// Whether the broker has asked to hold back.
    var isBlocked: Bool { publisher.isBlocked }
    /// When ``tick(at:)`` must be called at the latest.
    var deadline: Instant? {
        consumers.values.reduce([end, management.deadline, publisher.deadline].compactMap { $0 }.min()) {
            [$0, $1.deadline].compactMap { $0 }.min()
        }
    }

    // MARK: Of the application

    mutating func publish(_ id: WaiterID, _ publication: Publication) {
        guard takesWork(id) else { return }
        publisher.publish(id, publication, &actions)
    }

    mutating func offer(_ publication: Publication) {
        publisher.offer(publication, &actions)
    }

    mutating func call(_ id: WaiterID, _ method: ClientMethod, at now: Instant) {
        guard takesWork(id) else { return }
        management.call(id, method, at: now, &actions)
    }

    /// The caller of `id` does not wait any more.
    mutating func forget(_ id: WaiterID) {
        publisher.forget(id)
        management.forget(id)
        closeWhenDrained()
    }

    mutating func subscribe(_ id: ConsumerID, _ subscription: Subscription, at now: Instant) {
        guard [.offline, .opening, .ready].contains(phase) else {
            actions.append(.ended(id))
            return
        }
        var channel: ChannelNumber = 3
        while consumerOfChannel[channel] != nil { channel += 1 }
        var consumer = Consumer(id, subscription, channel: channel, options)
        if phase == .ready, consumer.gate == nil { consumer.connected(at: now, &actions) }
        consumers[id] = consumer
        consumerOfChannel[channel] = id
        if consumer.gate != nil { gated.append(id) }
        turnGates(at: now)
    }

    mutating func unsubscribe(_ id: ConsumerID, unread: [UInt64]) {
        consumers[id]?.unsubscribe(unread: unread, &actions)
        sweep(id)
    }

    mutating func settle(_ id: ConsumerID, _ tag: UInt64, _ settlement: Settlement) {
        consumers[id]?.settle(tag, settlement, &actions)
        sweep(id)
    }

    /// Takes no more work, and closes when everything is confirmed, at `end` at the latest.
    mutating func close(by end: Instant) {
        self.end = min(end, self.end ?? end)
        switch phase {
        case .ready:
            phase = .draining
            closeWhenDrained()
        case .offline, .opening: finish()
        case .draining, .closing, .closed: break
        }
    }

    // MARK: Of the connection

    /// The transport is up and logged in.
    mutating func connected(at now: Instant) {
        phase = .opening
        management.connected(at: now, &actions)
        publisher.connected(at: now, &actions)
    }

    /// The transport is gone, or did not come up.
    ///
    /// - Returns: the pause before the next attempt; `nil` if there is to be none.
    mutating func disconnected(_ error: AMQPError, at now: Instant) -> Duration? {
        guard [.offline, .opening, .ready].contains(phase) else {
            finish()
            return nil
        }
        management.disconnected()
        publisher.disconnected()
        for id in consumers.keys {
            let random = random()
            consumers[id]?.disconnected(error, at: now, random: random, &actions)
            sweep(id)
        }
        phase = .offline
        let pause = pace.failed(at: now, random: random())
        actions.append(.report(.disconnected(error, retryIn: pause)))
        return pause
    }

    mutating func received(_ frame: Inbound, at now: Instant) throws(AMQPError) {
        switch frame {
        case .method(0, let method): receivedOfConnection(method)
        case .method(1, let method): management.received(method, at: now, &actions)
        case .method(2, let method): publisher.received(method, at: now, &actions)
        case .method(let channel, let method):
            guard let id = consumerOfChannel[channel] else { break }
            let random = random()
            consumers[id]?.received(method, incarnations: &incarnations, at: now, random: random, &actions)
            sweep(id)
            // Most of what comes: it opens no gate, and shuts none.
            if case .deliver = method {} else { turnGates(at: now) }
        case .header(2, let bodySize, let properties):
            try publisher.header(bodySize: bodySize, properties)
        case .header(let channel, let bodySize, let properties):
            guard let id = consumerOfChannel[channel] else { break }
            try consumers[id]?.header(bodySize: bodySize, properties, &actions)
        case .body(2, let bytes): try publisher.body(bytes)
        case .body(let channel, let bytes):
            guard let id = consumerOfChannel[channel] else { break }
            try consumers[id]?.body(bytes, &actions)
        }
        becomeReady(at: now)
        closeWhenDrained()
    }

    /// Time has passed.
    mutating func tick(at now: Instant) {
        if let end, now >= end { finish() }
        management.tick(at: now, &actions)
        publisher.tick(at: now, &actions)
        let random = random()
        for id in consumers.keys {
            consumers[id]?.tick(at: now, random: random, &actions)
        }
        turnGates(at: now)
    }

    // MARK: -

    private mutating func receivedOfConnection(_ method: ServerMethod) {
        switch method {
        case .connectionClose(let closure):
            actions.append(.send(.method(0, .connectionCloseOk)))
            actions.append(.disconnect(AMQPError(closure)))
        case .connectionCloseOk where phase == .closing: finish()
        case .blocked(let reason):
            publisher.blocked(true, &actions)
            actions.append(.report(.blocked(reason: reason)))
        case .unblocked:
            publisher.blocked(false, &actions)
            actions.append(.report(.unblocked))
        default: break
        }
    }

    private mutating func becomeReady(at now: Instant) {
        guard phase == .opening, management.isOpen, publisher.isOpen else { return }
        phase = .ready
        pace.succeeded(at: now)
        actions.append(.report(.connected))
        for id in consumers.keys.sorted() where consumers[id]?.gate == nil {
            consumers[id]?.connected(at: now, &actions)
        }
        turnGates(at: now)
    }

    /// Lets those consume whose gate does, and no others of those that have one.
    private mutating func turnGates(at now: Instant) {
        guard phase == .ready else { return }
        for id in gated {
            if let gate = consumers[id]?.gate, consumers[gate]?.isConsuming == true {
                consumers[id]?.release(at: now, &actions)
            } else {
                consumers[id]?.hold(&actions)
            }
        }
    }

    private mutating func takesWork(_ id: WaiterID) -> Bool {
        guard [.offline, .opening, .ready].contains(phase) else {
            actions.append(.settle(id, .failure(.closed)))
            return false
        }
        return true
    }

    private mutating func closeWhenDrained() {
        guard phase == .draining, publisher.isIdle else { return }
        phase = .closing
        actions.append(.send(.method(0, .connectionClose)))
    }

    private mutating func finish() {
        guard phase != .closed else { return }
        phase = .closed
        end = nil
        management.fail(.closed, &actions)
        publisher.fail(.closed, &actions)
        for id in consumers.keys.sorted() { actions.append(.ended(id)) }
        consumers = [:]
        consumerOfChannel = [:]
        gated = []
        actions.append(.report(.closed))
    }

    private mutating func sweep(_ id: ConsumerID) {
        guard let consumer = consumers[id], consumer.isEnded else { return }
        consumers[id] = nil
        consumerOfChannel[consumer.channel] = nil
        gated.removeAll { $0 == id }
    }
}

extension AMQPError {
    static let closed = AMQPError(.closed, "the connection is closed")
    static let outOfOrder = AMQPError(.protocol, "the broker sent frames out of order")
}

/// Names the error of a frame out of order.
func orderly<T>(_ assemble: () throws(ContentAssembler.OutOfOrder) -> T) throws(AMQPError) -> T {
    do { return try assemble() } catch { throw .outOfOrder }
}
