import DequeModule

/// The channel for declarations: one request after the other, each with its answer.
///
/// A refusal closes the channel (so says AMQP); it is opened again, and nothing else is hurt.
struct Management {
    private struct Call {
        var id: WaiterID
        var method: ClientMethod
    }

    private enum Phase {
        case offline
        case opening
        case ready
        case awaiting(Call)
        /// This side gave an answer up: what still comes belongs to the past.
        case closing
    }

    private let channel: ChannelNumber
    private let rpcTimeout: Duration
    private var phase = Phase.offline
    private var calls: Deque<Call> = []

    /// When the broker must have answered.
    private(set) var deadline: Instant?

    init(channel: ChannelNumber, rpcTimeout: Duration) {
        self.channel = channel
        self.rpcTimeout = rpcTimeout
    }

    /// The channel is open.
    var isOpen: Bool {
        switch phase {
        case .ready, .awaiting: true
        case .offline, .opening, .closing: false
        }
    }

    mutating func call(_ id: WaiterID, _ method: ClientMethod, at now: Instant, _ actions: inout [Action]) {
        calls.append(Call(id: id, method: method))
        pump(at: now, &actions)
    }

    /// The caller does not wait any more.
    mutating func forget(_ id: WaiterID) {
        calls.removeAll { $0.id == id }
    }

    /// Gives up everything.
    mutating func fail(_ error: AMQPError, _ actions: inout [Action]) {
        if case .awaiting(let call) = phase { actions.append(.settle(call.id, .failure(error))) }
        for call in calls { actions.append(.settle(call.id, .failure(error))) }
        calls = []
        phase = .offline
    }

    mutating func connected(at now: Instant, _ actions: inout [Action]) {
        open(at: now, &actions)
    }

    mutating func disconnected() {
        // Declarations may be repeated; the caller's own bound ends this.
        if case .awaiting(let call) = phase { calls.prepend(call) }
        phase = .offline
        deadline = nil
    }

    mutating func received(_ method: ServerMethod, at now: Instant, _ actions: inout [Action]) {
        switch (method, phase) {
        case (.channelOpenOk, .opening):
            ready(at: now, &actions)
        case (.reply(let reply), .awaiting(let call)):
            actions.append(.settle(call.id, .success(reply)))
            ready(at: now, &actions)
        case (.channelClose(let closure), .awaiting(let call)):
            actions.append(.send(.method(channel, .channelCloseOk)))
            actions.append(.settle(call.id, .failure(AMQPError(closure))))
            open(at: now, &actions)
        case (.channelClose, .closing):
            actions.append(.send(.method(channel, .channelCloseOk)))  // and its close-ok is still to come
        case (.channelClose, _):
            actions.append(.send(.method(channel, .channelCloseOk)))
            open(at: now, &actions)
        case (.channelCloseOk, .closing):
            open(at: now, &actions)
        default:
            break  // Of the channel's earlier life.
        }
    }

    mutating func tick(at now: Instant, _ actions: inout [Action]) {
        guard let deadline, now >= deadline else { return }
        switch phase {
        case .awaiting(let call):
            let error = AMQPError(.timeout, "the broker did not answer within \(rpcTimeout)")
            actions.append(.settle(call.id, .failure(error)))
            actions.append(.send(.method(channel, .channelClose)))
            phase = .closing
            // The answer may take as long as what the channel is stuck in (a queue without a leader); callers
            // have bounds of their own meanwhile.
            self.deadline = nil
        case .opening:
            actions.append(.disconnect(AMQPError(.timeout, "the broker did not open a channel in time")))
        case .offline, .ready, .closing:
            self.deadline = nil
        }
    }

    private mutating func open(at now: Instant, _ actions: inout [Action]) {
        phase = .opening
        deadline = now + rpcTimeout
        actions.append(.send(.method(channel, .channelOpen)))
    }

    private mutating func ready(at now: Instant, _ actions: inout [Action]) {
        phase = .ready
        deadline = nil
        pump(at: now, &actions)
    }

    private mutating func pump(at now: Instant, _ actions: inout [Action]) {
        guard case .ready = phase, let call = calls.popFirst() else { return }
        phase = .awaiting(call)
        deadline = now + rpcTimeout
        actions.append(.send(.method(channel, call.method)))
    }
}
