public import AMQP
import Contract
import Synchronization

/// Finds out that a binding was deleted, of which the broker tells nobody: by small messages that must arrive where answers and dead
/// letters do.
///
/// One that no queue takes comes back at once. One that another queue takes alone just does not arrive: that is proven by one that
/// was sent later and did, or by a queue in which, the broker says, nothing is left.
public final class RouteProbe: Sendable {
    /// A way that messages must find.
    public struct Route: Hashable, Sendable {
        public var exchange: String
        public var routingKey: String
        public var queue: String

        /// A message to `exchange` must arrive in `queue`.
        public init(exchange: String, routingKey: String, queue: String) {
            (self.exchange, self.routingKey, self.queue) = (exchange, routingKey, queue)
        }

        var part: TopologyProblem.Part { .binding(queue: queue, exchange: exchange) }
    }

    fileprivate struct Sent {
        var route: Route
        var number: Int
        /// The broker has not said in time that it has it: that it does not arrive proves nothing.
        var isUnsure = false
    }

    fileprivate struct Queue {
        /// Messages that were not settled yet, and all that came.
        var unsettled = 0
        var count = 0
    }

    fileprivate struct State {
        var consumed: Set<String> = []
        var queues: [String: Queue] = [:]
        /// Those on their way.
        var sent: [String: Sent] = [:]
        var lastNumber = 0
        /// The ways that were found missing.
        var missing: Set<Route> = []
        /// Those on which nothing may be published, and since when that is known.
        var refused: [Route: (error: AMQPError, at: ContinuousClock.Instant)] = [:]
        /// Changes with every trouble: what was sent before may be lost with a queue.
        var epoch = 0
        var arrival: AsyncStream<Void>.Continuation?
    }

    private let routes: [Route]
    private let state = Mutex(State())

    /// So long a message may be on its way.
    private static let patience = Duration.milliseconds(1200)
    /// So much longer it may be from its queue to here.
    private static let secondPatience = Duration.milliseconds(500)
    /// Most messages of one way that nobody has taken.
    private static let mostWaiting = 32
    private static let messageType = "reflow.probe"

    /// The ways that a coordinator lives by.
    private static let coordinatorsRoutes =
        ["slice", "survey"].map {
            // No host's name has an underscore.
            Route(
                exchange: ExchangeName.events, routingKey: "_probe.reflow.\($0).probe",
                queue: QueueName.coordinator)
        } + [Route(exchange: ExchangeName.dead, routingKey: "", queue: QueueName.dead)]

    /// A probe of `routes`, by default those that a coordinator lives by.
    public init(routes: [Route]? = nil) {
        self.routes = routes ?? Self.coordinatorsRoutes
    }

    /// Whether a message with these properties is a probe's, maybe another process's: it has nothing to say.
    public static func isProbe(_ properties: MessageProperties) -> Bool { properties.type == messageType }

    // MARK: - What is consumed

    /// A message was delivered; it will be ``settled(_:of:)``.
    public func delivered(_ properties: MessageProperties, of queue: String) {
        let arrival = state.withLock { state -> AsyncStream<Void>.Continuation? in
            guard Self.isProbe(properties) else {
                state.queues[queue, default: Queue()].unsettled += 1
                state.queues[queue, default: Queue()].count += 1
                return nil
            }
            guard let id = properties.messageID, let sent = state.sent[id], sent.route.queue == queue else {
                return nil
            }
            state.arrived(sent)
            return state.arrival
        }
        arrival?.yield()
    }

    /// A message with these properties was settled.
    public func settled(_ properties: MessageProperties, of queue: String) {
        guard !Self.isProbe(properties) else { return }
        state.withLock { $0.queues[queue, default: Queue()].unsettled -= 1 }
    }

    /// Takes in what becomes of the consumers.
    func note(_ change: ConnectionState) {
        state.withLock { state in
            switch change {
            case .consuming(let queue): state.consumed.insert(queue)
            case .notConsuming(let queue, _, _):
                state.consumed.remove(queue)
                state.disturb()
            case .disconnected:
                state.consumed = []
                state.disturb()
            default: break
            }
        }
    }

    // MARK: - Probing

    /// Sends a message each way, and returns the bindings that are missing; of those of which nothing can be told now what was known
    /// before. Takes at most a few seconds.
    func missing(on connection: Connection, without exchanges: Set<String>) async -> Set<TopologyProblem.Part>
    {
        let epoch = state.withLock(\.epoch)
        var began: [Route: Int] = [:]
        for route in routes where !exchanges.contains(route.exchange) {
            guard let (id, count) = state.withLock({ $0.send(route, most: Self.mostWaiting) }) else {
                continue
            }
            let outcome = await publish(id, route, on: connection)
            if outcome == nil { began[route] = count }
            state.withLock { state in
                state.refused[route] = outcome.flatMap { $0.code == .accessRefused ? ($0, .now) : nil }
                if outcome?.code == .timeout {
                    state.sent[id]?.isUnsure = true
                } else if outcome != nil {
                    state.sent[id] = nil
                }
                if outcome?.code == .returned { state.missing.insert(route) }
            }
        }
        await wait(for: Self.patience)
        if !isAllThere {
            // A queue that is slow still has it. One that has not may just have handed it over.
            for queue in Set(began.keys.map(\.queue)) where await !isEmpty(queue, on: connection) {
                began = began.filter { $0.key.queue != queue }
            }
            await wait(for: Self.secondPatience)
        }
        return state.withLock { state in
            if state.epoch == epoch { state.judge(began) }
            return Set(state.missing.map(\.part))
        }
    }

    /// Waits until all messages have arrived, but not for longer than `patience`.
    private func wait(for patience: Duration) async {
        // One of its own: a stream ends with the task that waits for it.
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        state.withLock { $0.arrival = arrival }
        await withTaskGroup { group in
            group.addTask {
                guard !self.isAllThere else { return }
                for await _ in arrivals where self.isAllThere { return }
            }
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Whether nothing waits in a queue to be delivered; not if that cannot be found out.
    private func isEmpty(_ queue: String, on connection: Connection) async -> Bool {
        (try? await connection.inspect(queue: queue))?.messages == 0
    }

    private var isAllThere: Bool { state.withLock { $0.sent.values.allSatisfy(\.isUnsure) } }

    /// The ways on which nothing may be published, so that nobody would know that they are missing.
    var refused: Set<TopologyProblem> {
        state.withLock { state in
            Set(state.refused.map { TopologyProblem(.exchange($0.key.exchange), $0.value.error) })
        }
    }

    /// Why the broker has not taken it; `nil` if it has.
    private func publish(_ id: String, _ route: Route, on connection: Connection) async -> AMQPError? {
        var properties = MessageProperties()
        properties.type = Self.messageType
        properties.messageID = id
        properties.isPersistent = false
        let message = AMQP.Message(body: [], properties: properties)
        do {
            try await connection.publish(
                message, exchange: route.exchange, routingKey: route.routingKey, mandatory: true,
                within: Self.patience)
            return nil
        } catch { return error as? AMQPError ?? AMQPError(.cancelled, "cancelled") }
    }
}

extension RouteProbe.State {
    /// Notes that a message is sent; returns its id, and how many have come out of the queue until now. `nil` while nobody consumes
    /// there, or takes nothing.
    fileprivate mutating func send(_ route: RouteProbe.Route, most: Int) -> (id: String, count: Int)? {
        // A refusal closes the channel, and what is on its way there is published again.
        if let refusal = refused[route], .now - refusal.at < .seconds(30) { return nil }
        guard consumed.contains(route.queue), sent.values.count(where: { $0.route == route }) < most else {
            return nil
        }
        lastNumber += 1
        let id = newMessageID()
        sent[id] = .init(route: route, number: lastNumber)
        return (id, queues[route.queue]?.count ?? 0)
    }

    fileprivate mutating func arrived(_ probe: RouteProbe.Sent) {
        missing.remove(probe.route)
        // What was sent before it the same way is behind us, whatever has become of it.
        sent = sent.filter { $0.value.route != probe.route || $0.value.number > probe.number }
        for late in sent.values
        where late.route.queue == probe.route.queue && late.number < probe.number && !late.isUnsure {
            missing.insert(late.route)
        }
    }

    /// What has not arrived from a queue that is empty never will. `began` says how many had come out of each way's queue.
    fileprivate mutating func judge(_ began: [RouteProbe.Route: Int]) {
        for late in sent.values where began[late.route] != nil && !late.isUnsure {
            let queue = queues[late.route.queue] ?? .init()
            if queue.unsettled == 0, queue.count == began[late.route] { missing.insert(late.route) }
        }
        // It need not be waited for.
        sent = sent.filter { !missing.contains($0.value.route) }
    }

    fileprivate mutating func disturb() {
        epoch += 1
        sent = [:]
    }
}
