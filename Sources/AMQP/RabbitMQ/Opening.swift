import CRabbitMQ
import CTLS
import Glibc

/// How a connection of librabbitmq is opened and logged in at one address.
///
/// The library takes one host, and looks for the name that it dials in the broker's certificate. It is given the address,
/// so that each can be tried by itself, and OpenSSL is told what the certificate has to be for.
struct Opening {
    /// What the socket may queue. Linux calls it writable while a third is free (`sk_stream_is_writeable`), which
    /// is more than ``Outbox`` sends in one go.
    private static let sendBuffer: CInt = 256 << 10

    let connection: amqp_connection_state_t
    let place: Place
    let endpoint: Endpoint
    /// Most time for opening, and once more for logging in.
    let limit: Duration

    /// Where that is, for messages.
    var name: String { place.description(in: endpoint) }

    /// As whom to log in.
    func account() throws(AMQPError) -> String {
        guard endpoint.login == .certificate, let certificate = endpoint.tls?.certificate else {
            return endpoint.user
        }
        let name = try certificate.read().commonName
        if name.isEmpty {
            throw AMQPError(
                .tls, "the certificate \(certificate.file) has no common name: it says not who this is")
        }
        return name
    }

    func open() throws(AMQPError) {
        let socket = endpoint.tls == nil ? amqp_tcp_socket_new(connection) : amqp_ssl_socket_new(connection)
        guard let socket else { throw AMQPError(.protocol, "out of memory") }
        let context = try endpoint.tls.map { tls throws(AMQPError) in try prepare(socket, tls) }
        var bound = timeval(limit)
        let status = amqp_socket_open_noblock(socket, place.address, CInt(place.broker.port), &bound)
        guard status == AMQP_STATUS_OK.rawValue else { throw failure(status, context) }
        var size = Self.sendBuffer
        setsockopt(
            amqp_get_sockfd(connection), SOL_SOCKET, SO_SNDBUF, &size,
            socklen_t(MemoryLayout.size(ofValue: size)))
    }

    /// Sets up TLS; returns OpenSSL's context.
    private func prepare(_ socket: OpaquePointer, _ tls: TLSOptions) throws(AMQPError)
        -> UnsafeMutableRawPointer
    {
        amqp_ssl_socket_set_verify_peer(socket, tls.verifiesPeer ? 1 : 0)
        amqp_ssl_socket_set_verify_hostname(socket, 0)
        guard amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST) == 0 else {
            throw AMQPError(.tls, "TLS 1.2 is not supported here, so not \(name)")
        }
        guard let context = amqp_ssl_socket_get_context(socket) else {
            throw AMQPError(.protocol, "out of memory")
        }
        // Without the zone of a link-local address, which is this machine's own business.
        let host = String(place.broker.host.prefix { $0 != "%" })
        guard ctls_prepare(context, host, tls.verifiesPeer ? 1 : 0) == 0 else {
            throw AMQPError(.protocol, "out of memory")
        }
        // The library trusts nobody by itself.
        if tls.verifiesPeer, amqp_ssl_socket_set_cacert(socket, tls.caFile) != 0 {
            throw AMQPError(.tls, "cannot read authorities from \(tls.caFile)\(lastWords()) for \(name)")
        }
        if let own = tls.certificate, amqp_ssl_socket_set_key(socket, own.file, own.keyFile) != 0 {
            throw AMQPError(
                .tls,
                "cannot use the certificate \(own.file) with its key \(own.keyFile)\(lastWords()) for \(name): both are PEM, belong together, and the key has no passphrase"
            )
        }
        return context
    }

    /// What OpenSSL failed over, in brackets.
    private func lastWords() -> String {
        var text = [CChar](repeating: 0, count: 128)
        ctls_failure(&text, CInt(text.count))
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return bytes.isEmpty ? "" : " (\(String(decoding: bytes, as: UTF8.self)))"
    }

    func logIn(as account: String, _ options: ConnectionOptions) throws(AMQPError) {
        var bound = timeval(limit)
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
        let reply =
            switch endpoint.login {
            case .password:
                reflow_amqp_login_plain(
                    connection, endpoint.vhost, 0, CInt(Transport.frameMax), heartbeat, &properties, account,
                    password)
            case .certificate:
                reflow_amqp_login_external(
                    connection, endpoint.vhost, 0, CInt(Transport.frameMax), heartbeat, &properties, account)
            }
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            guard case .connectionClose(let closure) = ServerMethod(reply.reply) else {
                throw AMQPError(.protocol, "\(name) answered the login in an unknown way")
            }
            throw AMQPError(ofLogin: closure, at: name, as: account)
        default:
            let status = amqp_status_enum(reply.library_error)
            if status == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD {
                throw AMQPError(unsupported: endpoint.login, at: name)
            }
            let words = status == AMQP_STATUS_SSL_ERROR ? lastWords() : ""
            let hungUp = [
                AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SOCKET_ERROR, AMQP_STATUS_SSL_ERROR,
            ].contains(status)
            // With TLS 1.3 a refusal of this side's certificate comes only now.
            if ["certificate", "unknown ca", "handshake failure"].contains(where: words.contains) {
                throw AMQPError(
                    .tls, "\(name) refused this side's certificate, or wants one\(words): see tlsCertFile")
            }
            // It knows who we are. Who refuses the password says so (authentication_failure_close): this is something else.
            if hungUp, amqp_get_server_properties(connection).pointee.num_entries > 0 {
                throw AMQPError(
                    .unreachable,
                    "\(name) hung up in mid-login\(words): it is starting, stopping or overloaded, or something between it and here has cut the connection"
                )
            }
            throw AMQPError(reply.library_error, at: name)
        }
    }

    private func failure(_ status: CInt, _ context: UnsafeMutableRawPointer?) -> AMQPError {
        let refusal = context.map { ctls_refusal($0) } ?? 0
        if refusal != 0 {
            let words = String(cString: ctls_refusal_text(refusal))
            return AMQPError(
                .tls,
                ctls_is_other_host(refusal) != 0
                    ? "the certificate of \(name) is for another host than \(place.broker.host) (\(words)): it needs that name, or that address, among its subject alternative names"
                    : "the certificate of \(name) is not accepted: \(words) (authorities: \(endpoint.tls?.caFile ?? ""))"
            )
        }
        if status == AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue {
            let words = lastWords()
            let hint = words.contains("wrong version number") ? ": does it speak TLS on this port?" : ""
            return AMQPError(.tls, "the TLS handshake with \(name) failed\(words)\(hint)")
        }
        return AMQPError(status, at: name)
    }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
