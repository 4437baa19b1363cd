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
    /// What the socket may queue. Linux calls it writable while a third is free (`sk_stream_is_writeable`), which
    /// is more than ``Outbox`` sends in one go.
    private static let sendBuffer: CInt = 256 << 10

    private let connection: amqp_connection_state_t
    private let endpoint: Endpoint
    private var arena = Arena()

    /// The socket, to be waited for.
    let descriptor: CInt
    /// The interval of heartbeats that both sides agreed on; zero if none.
    let heartbeat: Duration

    /// Connects and logs in; takes at most twice ``ConnectionOptions/connectTimeout``, and however long the
    /// resolver takes.
    init(_ endpoint: Endpoint, _ options: ConnectionOptions) throws(AMQPError) {
        guard let connection = amqp_new_connection() else { throw AMQPError(.protocol, "out of memory") }
        do throws(AMQPError) {
            try Self.open(connection, endpoint, timeout: options.connectTimeout)
            try Self.logIn(connection, endpoint, options)
            heartbeat = .seconds(Int64(amqp_get_heartbeat(connection)))
            // From here on the library neither sends heartbeats nor misses any: Liveness does.
            let status = amqp_tune_connection(
                connection, amqp_get_channel_max(connection), amqp_get_frame_max(connection), 0)
            guard status == AMQP_STATUS_OK.rawValue else { throw Self.failure(status, endpoint) }
        } catch {
            amqp_destroy_connection(connection)
            throw error
        }
        self.connection = connection
        self.endpoint = endpoint
        descriptor = amqp_get_sockfd(connection)
    }

    deinit {
        amqp_destroy_connection(connection)
    }

    private static func open(
        _ connection: amqp_connection_state_t, _ endpoint: Endpoint, timeout: Duration
    ) throws(AMQPError) {
        let socket: OpaquePointer?
        if let tls = endpoint.tls {
            socket = amqp_ssl_socket_new(connection)
            guard let socket else { throw AMQPError(.tls, "cannot set up TLS for \(endpoint)") }
            amqp_ssl_socket_set_verify_peer(socket, tls.verifiesPeer ? 1 : 0)
            amqp_ssl_socket_set_verify_hostname(socket, tls.verifiesPeer ? 1 : 0)
            guard amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST) == 0 else {
                throw AMQPError(.tls, "TLS 1.2 is not supported here, so not \(endpoint)")
            }
            // The library trusts nobody by itself.
            if tls.verifiesPeer, amqp_ssl_socket_set_cacert(socket, tls.caFile) != 0 {
                throw AMQPError(.tls, "cannot read authorities from \(tls.caFile) for \(endpoint)")
            }
            if let certificate = tls.certificateFile, let key = tls.keyFile,
                amqp_ssl_socket_set_key(socket, certificate, key) != 0
            {
                throw AMQPError(.tls, "cannot read \(certificate) and its key \(key) for \(endpoint)")
            }
        } else {
            socket = amqp_tcp_socket_new(connection)
        }
        guard let socket else { throw AMQPError(.protocol, "out of memory") }
        var bound = timeval(timeout)
        let status = amqp_socket_open_noblock(socket, endpoint.host, CInt(endpoint.port), &bound)
        guard status == AMQP_STATUS_OK.rawValue else { throw failure(status, endpoint) }
        var size = sendBuffer
        setsockopt(
            amqp_get_sockfd(connection), SOL_SOCKET, SO_SNDBUF, &size,
            socklen_t(MemoryLayout.size(ofValue: size)))
    }

    private static func logIn(
        _ connection: amqp_connection_state_t, _ endpoint: Endpoint, _ options: ConnectionOptions
    ) throws(AMQPError) {
        var bound = timeval(options.connectTimeout)
        amqp_set_handshake_timeout(connection, &bound)
        var arena = Arena()
        // Without these the broker keeps to itself that it blocks or cancels, and hangs up on a wrong password.
        var properties = arena.table([
            "connection_name": .string(options.name),
            "product": "Reflow",
            "capabilities": .table([
                "connection.blocked": true,
                "consumer_cancel_notify": true,
                "publisher_confirms": true,
                "basic.nack": true,
                "authentication_failure_close": true,
            ]),
        ])
        // Whole seconds; and zero would turn them off.
        let heartbeat =
            options.heartbeat > .zero ? max(1, CInt(clamping: options.heartbeat.components.seconds)) : 0
        let password = try endpoint.currentPassword()
        let reply = reflow_amqp_login_plain(
            connection, endpoint.vhost, 0, CInt(frameMax), heartbeat, &properties, endpoint.user, password)
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            guard case .connectionClose(let closure) = ServerMethod(reply.reply) else {
                throw AMQPError(.protocol, "\(endpoint) answered the login in an unknown way")
            }
            let error = AMQPError(closure)
            throw AMQPError(
                error.code, "cannot log in to \(endpoint): \(closure.text) (\(closure.replyCode))",
                replyCode: closure.replyCode)
        default:
            let hungUp = [
                AMQP_STATUS_CONNECTION_CLOSED.rawValue, AMQP_STATUS_SOCKET_ERROR.rawValue,
                AMQP_STATUS_SSL_ERROR.rawValue,
            ].contains(reply.library_error)
            // It has introduced itself, was told who we are, and hung up: AMQP 0-9-1's way to say no.
            if hungUp, amqp_get_server_properties(connection).pointee.num_entries > 0 {
                throw AMQPError(
                    .accessRefused,
                    "\(endpoint) hung up during the login: wrong user or password, or it is shutting down")
            }
            throw failure(reply.library_error, endpoint)
        }
    }

    private static func failure(_ status: CInt, _ endpoint: Endpoint) -> AMQPError {
        switch amqp_status_enum(status) {
        case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED:
            AMQPError(.unreachable, "cannot reach \(endpoint): no such host")
        case AMQP_STATUS_TIMEOUT:
            AMQPError(.unreachable, "cannot reach \(endpoint): it does not answer")
        case AMQP_STATUS_SOCKET_ERROR:
            AMQPError(.unreachable, "cannot reach \(endpoint): refused, no route, or lost")
        case AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SOCKET_CLOSED:
            AMQPError(.unreachable, "\(endpoint) closed the connection")
        case AMQP_STATUS_WRONG_METHOD:
            AMQPError(
                .unreachable, "\(endpoint) is starting, or stopping, or does not speak AMQP 0-9-1")
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
            AMQPError(.tls, "the certificate of \(endpoint) is not from a trusted authority")
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
            AMQPError(.tls, "the certificate of \(endpoint) is for another host")
        case AMQP_STATUS_SSL_CONNECTION_FAILED:
            AMQPError(.tls, "the TLS handshake with \(endpoint) failed")
        case AMQP_STATUS_SSL_ERROR:
            AMQPError(.unreachable, "the TLS connection to \(endpoint) broke")
        case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD:
            AMQPError(.accessRefused, "\(endpoint) does not take passwords (SASL PLAIN)")
        default:
            AMQPError(.protocol, "\(endpoint): \(String(cString: amqp_error_string2(status)))")
        }
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
            guard status == AMQP_STATUS_OK.rawValue else { throw Self.failure(status, endpoint) }
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

        var properties = publication.message.properties.encode(in: &arena)
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
        guard status == AMQP_STATUS_OK.rawValue else { throw Self.failure(status, endpoint) }
    }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
