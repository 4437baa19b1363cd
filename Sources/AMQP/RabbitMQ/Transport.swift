import CRabbitMQ
import Glibc

/// A connection of librabbitmq: opened, logged in, and then only used to send and to receive single frames.
///
/// Belongs to the thread that made it. The library's own waiting is avoided, because it has traps: its
/// calls wait without bound for a socket that cannot be written (rabbitmq-c issue 780), its RPCs set aside frames
/// that others need, and it attends to heartbeats only inside of calls. So: nothing is sent unless the socket has
/// room for it, replies are matched by ``ConnectionMachine``, and heartbeats are kept by ``Liveness``.
final class Transport {
    /// Largest frame, its eight bytes of framing included. Small, so that room for one can be told from the socket
    /// being writable, and because the library keeps a page of this size for every channel.
    static let frameMax = 32 << 10
    private let connection: amqp_connection_state_t
    /// Where it is, for messages.
    let name: String
    /// As whom the broker knows it.
    private let account: String
    private var arena = Arena()

    /// The socket, to be waited for.
    let descriptor: CInt
    /// The interval of heartbeats that both sides agreed on; zero if none.
    let heartbeat: Duration

    /// Connects to `place` and logs in; takes at most `limit` for each of the two, and calls `turns` in between.
    init(
        _ place: Place, of endpoint: Endpoint, _ options: ConnectionOptions, within limit: Duration,
        turns: () -> Void
    ) throws(AMQPError) {
        guard let connection = amqp_new_connection() else { throw AMQPError(.protocol, "out of memory") }
        let opening = Opening(connection: connection, place: place, endpoint: endpoint, limit: limit)
        do throws(AMQPError) {
            let account = try opening.account()
            try opening.open()
            turns()
            try opening.logIn(as: account, options)
            self.account = account
            heartbeat = .seconds(Int64(amqp_get_heartbeat(connection)))
            // From here on the library neither sends heartbeats nor misses any: Liveness does.
            let status = amqp_tune_connection(
                connection, amqp_get_channel_max(connection), amqp_get_frame_max(connection), 0)
            guard status == AMQP_STATUS_OK.rawValue else { throw AMQPError(status, at: opening.name) }
        } catch {
            amqp_destroy_connection(connection)
            throw error
        }
        self.connection = connection
        name = opening.name
        descriptor = amqp_get_sockfd(connection)
    }

    deinit {
        amqp_destroy_connection(connection)
    }
}

// MARK: Frames

extension Transport {
    /// Reads what has arrived, without waiting, and calls `handle` for each frame, for as long as it returns `true`.
    ///
    /// It goes on until the socket would block: only then is nothing left in the buffers of the library and of TLS,
    /// which `poll` does not see.
    ///
    /// - Returns: whether nothing is left.
    func receive(_ handle: (Inbound) throws(AMQPError) -> Bool) throws(AMQPError) -> Bool {
        var immediately = timeval()
        var goesOn = true
        while goesOn {
            var frame = amqp_frame_t()
            let status = amqp_simple_wait_frame_noblock(connection, &frame, &immediately)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return true }
            guard status == AMQP_STATUS_OK.rawValue else { throw AMQPError(status, at: name) }
            if let inbound = Inbound(frame) { goesOn = try handle(inbound) }
            // Everything is copied; without this the library keeps every frame for ever.
            amqp_maybe_release_buffers(connection)
        }
        return false
    }

    /// Sends a method.
    func send(_ method: ClientMethod, on channel: ChannelNumber) throws(AMQPError) {
        defer { arena.recycle() }
        try check(
            method.encode(in: &arena) { id, fields in
                amqp_send_method(connection, channel, id, fields)
            })
    }

    /// Sends basic.publish and the content header of `publication`.
    func sendHead(of publication: Publication, on channel: ChannelNumber) throws(AMQPError) {
        defer { arena.recycle() }
        var publish = amqp_basic_publish_t()
        publish.exchange = arena.bytes(publication.exchange)
        publish.routing_key = arena.bytes(publication.routingKey)
        publish.mandatory = publication.isMandatory ? 1 : 0
        try check(amqp_send_method(connection, channel, AMQP_BASIC_PUBLISH_METHOD, &publish))

        // The broker takes no other.
        var message = publication.message
        message.properties.userID = message.properties.userID ?? account
        var properties = message.properties.encode(in: &arena)
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_HEADER)
        frame.channel = channel
        let status = withUnsafeMutablePointer(to: &properties) { properties in
            frame.payload.properties.class_id = 60
            frame.payload.properties.body_size = UInt64(publication.message.body.count)
            frame.payload.properties.decoded = UnsafeMutableRawPointer(properties)
            return amqp_send_frame(connection, &frame)
        }
        try check(status)
    }

    /// Sends one body frame with the bytes of `body` from `offset` on.
    ///
    /// - Returns: the offset after it.
    func sendBody(_ body: [UInt8], from offset: Int, on channel: ChannelNumber) throws(AMQPError) -> Int {
        let count = min(body.count - offset, Int(amqp_get_frame_max(connection)) - 8)
        let status = body.withUnsafeBytes { bytes in
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_BODY)
            frame.channel = channel
            frame.payload.body_fragment = amqp_bytes_t(
                len: count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: offset)))
            return amqp_send_frame(connection, &frame)
        }
        try check(status)
        return offset + count
    }

    /// Sends a heartbeat.
    func sendHeartbeat() throws(AMQPError) {
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
        try check(amqp_send_frame(connection, &frame))
    }

    /// Holds back partly filled packets while `isCorked`, so that many small frames become few packets.
    func cork(_ isCorked: Bool) {
        var value: CInt = isCorked ? 1 : 0
        setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout.size(ofValue: value)))
    }

    private func check(_ status: CInt) throws(AMQPError) {
        guard status == AMQP_STATUS_OK.rawValue else { throw AMQPError(status, at: name) }
    }
}
