import Glibc

/// The thread that owns a connection: the only one to touch librabbitmq.
///
/// It sleeps in poll(2) on the socket and on the core's event descriptor, until the next thing is due, and otherwise
/// only carries out what the ``ConnectionMachine`` decides.
final class ConnectionThread {
    /// The longest sleep, so that ``Connection/lastTurn`` tells a living thread from a stuck one.
    private static let longestSleep = Duration.seconds(5)

    private let core: ConnectionCore
    private var machine: ConnectionMachine
    private var outbox = Outbox()
    private var failure: AMQPError?
    private var turn: BrokerTurn

    private init(_ core: ConnectionCore) {
        self.core = core
        turn = BrokerTurn(core.endpoint.brokers, random: .random(in: 0..<1))
        machine = ConnectionMachine(core.options)
    }

    /// Starts a thread for `core`; it ends when the connection is closed.
    static func start(_ core: ConnectionCore) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        // The library decodes nested tables by recursion.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(core)
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                // Signals are for the program's other threads.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                if let argument {
                    let core = Unmanaged<ConnectionCore>.fromOpaque(argument).takeRetainedValue()
                    ConnectionThread(core).run()
                    core.threadEnds()
                }
                return nil
            }, argument.toOpaque())
        precondition(status == 0, "pthread_create: \(status)")
    }

    private func run() {
        while !machine.isClosed {
            core.report(.connecting)
            let error = serveRound()
            outbox = Outbox()
            failure = nil
            let pause = machine.disconnected(error, at: .now)
            perform()
            if let pause { rest(until: .now + pause) }
        }
        perform()
    }

    /// Tries every address once, until one lets in, and works with that until it is lost.
    ///
    /// - Returns: why there is no connection.
    private func serveRound() -> AMQPError {
        var errors: [AMQPError] = []
        var turn = turn
        turn.round(longest: core.options.connectTimeout) { broker in
            passTheTime()
            do throws(AMQPError) {
                return machine.isClosed ? [] : try core.endpoint.places(of: broker)
            } catch {
                errors.append(error)
                return []
            }
        } attempt: { place, limit in
            passTheTime()
            if machine.isClosed { return true }
            let transport: Transport
            do throws(AMQPError) {
                transport = try Transport(
                    place, of: core.endpoint, core.options, within: limit, turns: passTheTime)
            } catch {
                errors = error.isOfTheCluster ? [error] : errors + [error]
                return error.isOfTheCluster
            }
            do throws(AMQPError) { errors = [try serve(transport)] } catch { errors = [error] }
            return true
        }
        self.turn = turn
        return AMQPError(round: errors)
    }

    /// Attends to what the application wants while there is no connection.
    private func passTheTime() {
        takeWork()
        perform()
        outbox = Outbox()
    }

    /// Works without a connection until it is time to try again.
    private func rest(until end: Instant) {
        while !machine.isClosed, .now < end {
            _ = wait(for: nil, until: end)
            passTheTime()
        }
    }

    /// Works with a connection until it is lost.
    ///
    /// - Returns: why.
    private func serve(_ transport: Transport) throws(AMQPError) -> AMQPError {
        var liveness = Liveness(
            interval: transport.heartbeat, endpoint: transport.name, at: .now)
        machine.connected(at: .now)
        // The library may have read more than the login needed.
        var isDrained = try transport.receive(receive)
        while true {
            perform()
            if machine.isClosed || failure != nil {
                // The broker's connection.close deserves its answer, if that is possible without waiting.
                if !outbox.isEmpty, wait(for: transport, writing: true, until: .now).isWritable {
                    try outbox.flush(into: transport)
                }
                return failure ?? .closed
            }

            let isDue = liveness.isHeartbeatDue(at: .now)
            let wantsToWrite = !outbox.isEmpty || isDue
            let deadline = [machine.deadline, liveness.deadline(isWaitingToWrite: wantsToWrite)]
                .compactMap { $0 }.min()
            let hasRoom = core.unread.hasRoom
            let ready = wait(
                for: transport, reading: hasRoom, writing: wantsToWrite,
                until: hasRoom && !isDrained ? .now : deadline)
            let now = Instant.now
            if ready.isReadable || (hasRoom && !isDrained) {
                isDrained = try transport.receive(receive)
                liveness.received(at: now)
            } else if !hasRoom {
                // Who is not listened to cannot be called silent.
                liveness.received(at: now)
            }
            takeWork()
            perform()
            if ready.isWritable {
                // Heartbeats may stand between any two frames, and go first.
                if isDue { try transport.sendHeartbeat() }
                try outbox.flush(into: transport)
                liveness.sent(at: now)
            } else if wantsToWrite, !machine.isBlocked {
                liveness.stalled(at: now)
            } else {
                liveness.idle()
            }
            machine.tick(at: now)
            if let error = liveness.failure(at: now) { throw error }
        }
    }

    /// Returns whether there is room for more.
    private func receive(_ frame: Inbound) throws(AMQPError) -> Bool {
        try machine.received(frame, at: .now)
        perform()
        return core.unread.hasRoom
    }

    private func takeWork() {
        let now = Instant.now
        let work = core.takeWork(at: now)
        for command in work.commands {
            switch command {
            case .publish(let id, let publication): machine.publish(id, publication)
            case .call(let id, let method): machine.call(id, method, at: now)
            case .forget(let id): machine.forget(id)
            case .subscribe(let id, let subscription): machine.subscribe(id, subscription, at: now)
            case .unsubscribe(let id): machine.unsubscribe(id, unread: core.unread(id))
            case .settle(let id, let tag, let settlement): machine.settle(id, tag, settlement)
            case .close(let end): machine.close(by: end)
            }
        }
        for offer in work.offers { machine.offer(offer) }
    }

    private func perform() {
        let actions = machine.actions
        machine.actions = []
        for action in actions {
            switch action {
            case .send(let outbound): outbox.append(outbound)
            case .settle(let id, let outcome): core.settle(id, outcome)
            case .deliver(let id, let incarnation, let content): core.deliver(id, incarnation, content)
            case .opened(let id, let incarnation): core.opened(id, incarnation)
            case .retired(let id, let incarnation): core.retired(id, incarnation)
            case .ended(let id): core.ended(id)
            case .report(let state): core.report(state)
            case .disconnect(let error): failure = failure ?? error
            }
        }
    }

    /// Sleeps until something is ready, or `deadline`.
    private func wait(
        for transport: Transport?, reading: Bool = true, writing: Bool = false, until deadline: Instant?
    ) -> (isReadable: Bool, isWritable: Bool) {
        var sleep = Self.longestSleep
        if let deadline { sleep = min(sleep, max(.zero, deadline - .now)) }
        // Rounded up: waking a moment too early would only mean to come back at once.
        let (seconds, attoseconds) = sleep.components
        let milliseconds = CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        var descriptors = [
            pollfd(fd: core.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: transport?.descriptor ?? -1,
                events: Int16((reading ? POLLIN : 0) | (writing ? POLLOUT : 0)), revents: 0),
        ]
        guard poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0 else { return (false, false) }
        let events = Int32(descriptors[1].revents)
        return (events & (POLLIN | POLLHUP | POLLERR) != 0, events & POLLOUT != 0)
    }
}
