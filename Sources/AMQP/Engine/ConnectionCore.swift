import CRabbitMQ
import Glibc
import Synchronization

/// What the application's tasks and the connection's thread share: requests one way, outcomes the other.
final class ConnectionCore: Sendable {
    /// What the application wants of the thread.
    enum Command: Sendable {
        case publish(WaiterID, Publication)
        case call(WaiterID, ClientMethod)
        case forget(WaiterID)
        case subscribe(ConsumerID, Subscription)
        case unsubscribe(ConsumerID)
        case settle(ConsumerID, tag: UInt64, Settlement)
        case close(by: Instant)
    }

    /// What one turn of the thread takes over.
    struct Work: Sendable {
        var commands: [Command] = []
        var offers: [Publication] = []
    }

    fileprivate enum Life {
        case new, running, ended
    }

    fileprivate struct State {
        var life = Life.new
        var commands: [Command] = []
        /// Latest wins: one for each key.
        var offers: [String: Publication] = [:]
        var lastID: UInt64 = 0
        var waiters: [WaiterID: CheckedContinuation<Reply, any Error>] = [:]
        /// Those of the waiters who wait for a connection, or for the end.
        var forConnection: Set<WaiterID> = []
        var forEnd: Set<WaiterID> = []
        var queues: [ConsumerID: DeliveryQueue] = [:]
        var live: [Incarnation: ConsumerID] = [:]
        var connection = ConnectionState.connecting
        var lastError: AMQPError?
        var observers: [UInt64: AsyncStream<ConnectionState>.Continuation] = [:]
        var lastTurn = ContinuousClock.now
    }

    let endpoint: Endpoint
    let options: ConnectionOptions
    /// Written to in order to wake the thread.
    let wakeDescriptor: CInt
    let unread: UnreadBytes
    private let state = Mutex(State())

    init(_ endpoint: Endpoint, _ options: ConnectionOptions) {
        self.endpoint = endpoint
        self.options = options
        let descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "eventfd: no descriptors left")
        wakeDescriptor = descriptor
        unread = UnreadBytes(options.maxUnread) { eventfd_write(descriptor, 1) }
    }

    deinit {
        Glibc.close(wakeDescriptor)
    }

    // MARK: For the application

    /// When the thread last went round its loop.
    var lastTurn: Instant { state.withLock(\.lastTurn) }

    func start() {
        let isNew = state.withLock { state in
            defer { if state.life == .new { state.life = .running } }
            return state.life == .new
        }
        if isNew { ConnectionThread.start(self) }
    }

    /// Closes, if need be by force at `end`.
    func close(by end: Instant) {
        let isNew = state.withLock { $0.life == .new }
        if isNew { threadEnds() } else { post(.close(by: end)) }
    }

    func post(_ command: Command) {
        let isFirst = state.withLock { state in
            guard state.life != .ended else { return false }
            state.commands.append(command)
            return state.commands.count == 1
        }
        if isFirst { wake() }
    }

    func offer(_ publication: Publication, key: String) {
        state.withLock { state in
            guard case .connected = state.connection else { return }
            state.offers[key] = publication
        }
        wake()
    }

    /// Registers a consumer; its deliveries arrive in the queue.
    func subscribe(_ subscription: Subscription) -> (ConsumerID, DeliveryQueue) {
        let queue = DeliveryQueue(unread)
        let (id, isEnded) = state.withLock { state in
            state.lastID += 1
            if state.life != .ended { state.queues[state.lastID] = queue }
            return (state.lastID, state.life == .ended)
        }
        if isEnded { queue.finish() }
        post(.subscribe(id, subscription))
        return (id, queue)
    }

    func settle(_ incarnation: Incarnation, _ tag: UInt64, _ settlement: Settlement) -> Bool {
        guard let id = state.withLock({ $0.live[incarnation] }) else { return false }
        post(.settle(id, tag: tag, settlement))
        return true
    }

    /// The states from now on, the present one first.
    func observe() -> AsyncStream<ConnectionState> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ConnectionState.self, bufferingPolicy: .bufferingNewest(256))
        let id = state.withLock { state in
            state.lastID += 1
            continuation.yield(state.connection)
            if case .closed = state.connection {
                continuation.finish()
            } else {
                state.observers[state.lastID] = continuation
            }
            return state.lastID
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.observers.removeValue(forKey: id) }
        }
        return stream
    }

    /// What is waited for.
    enum Wish: Sendable {
        case publish(Publication)
        case call(ClientMethod)
        case connection
        case end
    }

    /// Asks for something and waits for its outcome.
    ///
    /// - Throws: ``AMQPError``; `CancellationError` when the task is cancelled.
    func outcome(of wish: Wish) async throws -> Reply {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                register(wish, id, waiter)
                // Cancelled before that: then the handler below has found nothing to resume.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// The same, but for at most `timeout`; then throws the last error of the connection, or one of code `timeout`.
    func outcome(of wish: Wish, within timeout: Duration) async throws -> Reply {
        try await withThrowingTaskGroup(of: Reply?.self) { group in
            group.addTask { try await self.outcome(of: wish) }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            if let reply = try await group.next() ?? nil { return reply }
            throw state.withLock(\.lastError)
                ?? AMQPError(.timeout, "\(endpoint) did not answer within \(timeout)")
        }
    }

    private func register(_ wish: Wish, _ id: WaiterID, _ waiter: CheckedContinuation<Reply, any Error>) {
        let already = state.withLock { state -> Result<Reply, any Error>? in
            switch (wish, state.life, state.connection) {
            case (.end, .ended, _): return .success(.done)
            case (_, .ended, _): return .failure(AMQPError.closed)
            case (.connection, _, .connected), (.connection, _, .blocked): return .success(.done)
            default: break
            }
            state.waiters[id] = waiter
            switch wish {
            case .publish(let publication): state.commands.append(.publish(id, publication))
            case .call(let method): state.commands.append(.call(id, method))
            case .connection: state.forConnection.insert(id)
            case .end: state.forEnd.insert(id)
            }
            return nil
        }
        if let already { waiter.resume(with: already) } else { wake() }
    }

    private func cancel(_ id: WaiterID) {
        let waiter = state.withLock { state -> CheckedContinuation<Reply, any Error>? in
            guard let waiter = state.waiters.removeValue(forKey: id) else { return nil }
            state.forConnection.remove(id)
            state.forEnd.remove(id)
            state.commands.append(.forget(id))
            return waiter
        }
        waiter?.resume(throwing: CancellationError())
        wake()
    }

    private func wake() {
        eventfd_write(wakeDescriptor, 1)
    }

    // MARK: For the thread

    /// Takes over what has been asked for, and notes that the thread is alive.
    func takeWork(at now: Instant) -> Work {
        var count: eventfd_t = 0
        eventfd_read(wakeDescriptor, &count)
        return state.withLock { state in
            state.lastTurn = now
            defer {
                state.commands = []
                state.offers = [:]
            }
            return Work(commands: state.commands, offers: Array(state.offers.values))
        }
    }

    func settle(_ id: WaiterID, _ outcome: Result<Reply, AMQPError>) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(with: outcome.mapError { $0 })
    }

    func opened(_ id: ConsumerID, _ incarnation: Incarnation) {
        state.withLock { $0.live[incarnation] = id }
    }

    func retired(_ id: ConsumerID, _ incarnation: Incarnation) {
        let queue = state.withLock { state in
            state.live[incarnation] = nil
            return state.queues[id]
        }
        queue?.retire(incarnation)
    }

    func deliver(_ id: ConsumerID, _ incarnation: Incarnation, _ content: ContentAssembler.Content) {
        guard case .delivery(let head) = content.head, let queue = state.withLock({ $0.queues[id] }) else {
            return
        }
        queue.push(
            Delivery(
                properties: content.properties, body: content.body, exchange: head.exchange,
                routingKey: head.routingKey, isRedelivered: head.isRedelivered, core: self,
                incarnation: incarnation, tag: head.tag))
    }

    /// What was delivered to the consumer and not read.
    func unread(_ id: ConsumerID) -> [UInt64] {
        state.withLock { $0.queues[id] }?.drain() ?? []
    }

    func ended(_ id: ConsumerID) {
        state.withLock { $0.queues.removeValue(forKey: id) }?.finish()
    }

    func report(_ new: ConnectionState) {
        let (observers, waiters) = state.withLock { state in
            var outcome: Result<Reply, any Error>?
            switch new {
            case .connected:
                state.connection = new
                state.lastError = nil
                outcome = .success(.done)
            case .disconnected(let error, _):
                state.connection = new
                state.lastError = error
                if !error.isRetriable { outcome = .failure(error) }
            case .connecting, .blocked, .closed: state.connection = new
            case .unblocked: state.connection = .connected
            case .consuming, .notConsuming, .offerRefused: break
            }
            return (Array(state.observers.values), outcome.map { state.resume(\.forConnection, $0) } ?? [])
        }
        for observer in observers { observer.yield(new) }
        for waiter in waiters { waiter() }
    }

    /// The thread is about to end: nothing is done any more.
    func threadEnds() {
        let (observers, queues, resumptions) = state.withLock { state in
            state.life = .ended
            state.connection = .closed
            let ended = state.resume(\.forEnd, .success(.done))
            let others = state.waiters.values.map { waiter in { waiter.resume(throwing: AMQPError.closed) } }
            defer {
                state.waiters = [:]
                state.observers = [:]
                state.queues = [:]
                state.live = [:]
                state.commands = []
            }
            return (Array(state.observers.values), Array(state.queues.values), ended + others)
        }
        for observer in observers { observer.finish() }
        for queue in queues { queue.finish() }
        for resume in resumptions { resume() }
    }
}

extension ConnectionCore.State {
    /// Takes the waiters named at `path` out; calling what is returned, outside of the lock, resumes them.
    fileprivate mutating func resume(
        _ path: WritableKeyPath<Self, Set<WaiterID>>, _ outcome: Result<Reply, any Error>
    ) -> [() -> Void] {
        let ids = self[keyPath: path]
        self[keyPath: path] = []
        return ids.compactMap { waiters.removeValue(forKey: $0) }.map { waiter in
            { waiter.resume(with: outcome) }
        }
    }
}
