import DequeModule

/// The channel for publishing, in confirm mode: what waits, what is on its way, and what the broker said of it.
///
/// Pure: every method appends what is to be done. A message is kept until it is settled. What the broker had not
/// confirmed when the connection broke goes out again over the next one.
struct Publisher {
    /// A message; without an `id` nobody waits for it (an offer, or the caller was cancelled).
    private struct Entry {
        var id: WaiterID?
        var publication: Publication
        var returned: ReturnHead?
    }

    private enum Phase: Hashable {
        case offline, opening, selecting, open
    }

    private let channel: ChannelNumber
    private let maxUnconfirmed: Int
    private let maxUnconfirmedBytes: Int
    private let rpcTimeout: Duration

    private var phase = Phase.offline
    private var assembler: ContentAssembler
    private var backlog: Deque<Entry> = []
    private var unconfirmed: [UInt64: Entry] = [:]
    private var unconfirmedBytes = 0
    /// Number of the next message on this channel; the broker counts from 1 on as well.
    private var next: UInt64 = 1
    /// No message with a smaller number is unconfirmed.
    private var lowest: UInt64 = 1

    /// Whether the broker has asked to hold back.
    private(set) var isBlocked = false
    /// When the broker must have answered.
    private(set) var deadline: Instant?

    init(channel: ChannelNumber, _ options: ConnectionOptions) {
        self.channel = channel
        maxUnconfirmed = max(1, options.maxUnconfirmed)
        maxUnconfirmedBytes = 4 * options.maxBodySize
        rpcTimeout = options.rpcTimeout
        // Returned messages come with their bodies, which are of no use here.
        assembler = ContentAssembler(maxBodySize: 0)
    }

    /// Ready to publish.
    var isOpen: Bool { phase == .open }
    /// Nothing waits, and nothing is on its way.
    var isIdle: Bool { backlog.isEmpty && unconfirmed.isEmpty }

    // MARK: Of the application

    mutating func publish(_ id: WaiterID, _ publication: Publication, _ actions: inout [Action]) {
        backlog.append(Entry(id: id, publication: publication))
        pump(&actions)
    }

    /// Sends `publication` if that can be done at once, and forgets it otherwise.
    mutating func offer(_ publication: Publication, _ actions: inout [Action]) {
        guard phase == .open, !isBlocked, backlog.isEmpty, hasRoom(for: publication) else { return }
        backlog.append(Entry(id: nil, publication: publication))
        pump(&actions)
    }

    /// The caller does not wait any more.
    mutating func forget(_ id: WaiterID) {
        backlog.removeAll { $0.id == id }
        for (number, entry) in unconfirmed where entry.id == id { unconfirmed[number]?.id = nil }
    }

    /// Gives up everything.
    mutating func fail(_ error: AMQPError, _ actions: inout [Action]) {
        for entry in Array(backlog) + unconfirmed.values {
            if let id = entry.id { actions.append(.settle(id, .failure(error))) }
        }
        backlog = []
        unconfirmed = [:]
    }

    // MARK: Of the connection

    mutating func connected(at now: Instant, _ actions: inout [Action]) {
        open(at: now, &actions)
    }

    mutating func disconnected() {
        recall()
        isBlocked = false
        phase = .offline
        deadline = nil
    }

    mutating func blocked(_ isBlocked: Bool, _ actions: inout [Action]) {
        self.isBlocked = isBlocked
        pump(&actions)
    }

    mutating func received(_ method: ServerMethod, at now: Instant, _ actions: inout [Action]) {
        switch (method, phase) {
        case (.channelOpenOk, .opening):
            phase = .selecting
            deadline = now + rpcTimeout
            actions.append(.send(.method(channel, .confirmSelect)))
        case (.reply, .selecting):
            phase = .open
            deadline = nil
            pump(&actions)
        case (.returned(let head), .open):
            if !assembler.begin(.returned(head)) { actions.append(.disconnect(.outOfOrder)) }
        case (.ack(let tag, let multiple), .open):
            settle(tag, multiple, &actions) { entry in
                guard let returned = entry.returned else { return .success(.done) }
                return .failure(
                    AMQPError(
                        .returned,
                        "no queue took the message for \(entry.publication.destination): "
                            + "\(returned.text) (\(returned.replyCode))", replyCode: returned.replyCode))
            }
            pump(&actions)
        case (.nack(let tag, let multiple), .open):
            settle(tag, multiple, &actions) { entry in
                .failure(
                    AMQPError(
                        .nacked, "the broker did not accept the message for \(entry.publication.destination)")
                )
            }
            pump(&actions)
        case (.channelClose(let closure), _):
            actions.append(.send(.method(channel, .channelCloseOk)))
            refuse(closure, &actions)
            recall()
            open(at: now, &actions)
        default:
            break  // Of the channel's earlier life.
        }
    }

    mutating func header(bodySize: UInt64, _ properties: MessageProperties) throws(AMQPError) {
        returned(
            try orderly { () throws(ContentAssembler.OutOfOrder) in
                try assembler.header(bodySize: bodySize, properties)
            })
    }

    mutating func body(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) {
        returned(try orderly { () throws(ContentAssembler.OutOfOrder) in try assembler.body(bytes) })
    }

    mutating func tick(at now: Instant, _ actions: inout [Action]) {
        guard let deadline, now >= deadline else { return }
        actions.append(.disconnect(AMQPError(.timeout, "the broker did not open a channel in time")))
    }

    // MARK: -

    private mutating func open(at now: Instant, _ actions: inout [Action]) {
        phase = .opening
        deadline = now + rpcTimeout
        assembler = ContentAssembler(maxBodySize: 0)
        next = 1
        lowest = 1
        actions.append(.send(.method(channel, .channelOpen)))
    }

    private func hasRoom(for publication: Publication) -> Bool {
        unconfirmed.isEmpty
            || unconfirmed.count < maxUnconfirmed
                && unconfirmedBytes + publication.message.body.count <= maxUnconfirmedBytes
    }

    private mutating func pump(_ actions: inout [Action]) {
        guard phase == .open, !isBlocked else { return }
        while let entry = backlog.first, hasRoom(for: entry.publication) {
            _ = backlog.popFirst()
            unconfirmed[next] = entry
            unconfirmedBytes += entry.publication.message.body.count
            next += 1
            actions.append(.send(.publish(channel, entry.publication)))
        }
    }

    private mutating func settle(
        _ tag: UInt64, _ multiple: Bool, _ actions: inout [Action],
        outcome: (Entry) -> Result<Reply, AMQPError>
    ) {
        // Zero with `multiple` means all so far.
        let last = min(tag == 0 && multiple ? next - 1 : tag, next - 1)
        guard last >= lowest || !multiple else { return }
        for number in (multiple ? lowest : last)...last {
            guard let entry = unconfirmed.removeValue(forKey: number) else { continue }
            unconfirmedBytes -= entry.publication.message.body.count
            if let id = entry.id { actions.append(.settle(id, outcome(entry))) }
        }
        if multiple { lowest = last + 1 }
        while lowest < next, unconfirmed[lowest] == nil { lowest += 1 }
    }

    /// A message came back: it is the oldest like it that is not marked yet. The confirm follows.
    private mutating func returned(_ content: ContentAssembler.Content?) {
        guard let content, case .returned(let head) = content.head else { return }
        let match = unconfirmed.filter { _, entry in
            entry.returned == nil && entry.publication.isMandatory
                && entry.publication.exchange == head.exchange
                && entry.publication.routingKey == head.routingKey
                && entry.publication.message.properties.messageID == content.properties.messageID
        }.keys.min()
        if let match { unconfirmed[match]?.returned = head }
    }

    /// The broker closed the channel because of a message: fails the one, or those, that it meant.
    private mutating func refuse(_ closure: Closure, _ actions: inout [Action]) {
        let error = AMQPError(closure)
        for number in Self.culprits(of: closure, among: unconfirmed.mapValues(\.publication)).sorted() {
            guard let entry = unconfirmed.removeValue(forKey: number) else { continue }
            if let id = entry.id {
                actions.append(.settle(id, .failure(error)))
            } else {
                actions.append(.report(.offerRefused(error)))
            }
        }
    }

    /// Which of the messages on their way made the broker close the channel. It does not say so by number, only in
    /// words: those name the exchange, or the size. All of them where neither fits, so that none is sent again and
    /// again.
    static func culprits(
        of closure: Closure, among candidates: [UInt64: Publication]
    ) -> some Collection<UInt64> {
        let named = candidates.filter { closure.text.contains("exchange '\($0.value.exchange)'") }
        if !named.isEmpty { return named.keys }
        let sized = candidates.filter {
            closure.text.contains("message size \($0.value.message.body.count) ")
        }
        return sized.isEmpty ? candidates.keys : sized.keys
    }

    /// Puts what is unconfirmed back to the front, in order; what nobody waits for is dropped.
    private mutating func recall() {
        backlog.prepend(
            contentsOf: unconfirmed.sorted { $0.key < $1.key }.compactMap { _, entry in
                entry.id.map { Entry(id: $0, publication: entry.publication) }
            })
        unconfirmed = [:]
        unconfirmedBytes = 0
    }
}

extension Publication {
    /// For messages to people.
    fileprivate var destination: String { "exchange '\(exchange)', routing key '\(routingKey)'" }
}
