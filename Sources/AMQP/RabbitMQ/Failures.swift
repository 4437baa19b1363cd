import CRabbitMQ

/// What librabbitmq and the broker say when a connection fails, as errors: each accuses who is at fault.
extension AMQPError {
    /// What a status of the library stands for, at the broker called `name`.
    init(_ status: CInt, at name: String) {
        switch amqp_status_enum(status) {
        case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED:
            self.init(.unreachable, "cannot reach \(name): no such host")
        case AMQP_STATUS_TIMEOUT:
            self.init(.unreachable, "cannot reach \(name): it does not answer")
        case AMQP_STATUS_SOCKET_ERROR:
            self.init(.unreachable, "cannot reach \(name): refused, no route, or lost")
        case AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SOCKET_CLOSED:
            self.init(.unreachable, "\(name) closed the connection")
        case AMQP_STATUS_WRONG_METHOD:
            self.init(.unreachable, "\(name) is starting, or stopping, or does not speak AMQP 0-9-1")
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
            self.init(.tls, "the certificate of \(name) is not from a trusted authority")
        case AMQP_STATUS_SSL_CONNECTION_FAILED:
            self.init(.tls, "the TLS handshake with \(name) failed")
        case AMQP_STATUS_SSL_ERROR:
            self.init(.unreachable, "the TLS connection to \(name) broke")
        default:
            self.init(.protocol, "\(name): \(String(cString: amqp_error_string2(status)))")
        }
    }

    /// Why the broker called `name` closed the connection that `account` was to log in with.
    init(ofLogin closure: Closure, at name: String, as account: String) {
        let error = AMQPError(closure)
        let words = "\(closure.text) (\(closure.replyCode))"
        let message =
            switch (error.code, closure.replyCode) {
            case (.accessRefused, 403):
                "\(name) does not accept the credentials of '\(account)': \(words)"
            case (.accessRefused, _):
                "'\(account)' has no rights on the virtual host of \(name): \(words)"
            case (.limitReached, _):
                "\(name) has as many connections as it is allowed: \(words)"
            default: "cannot log in to \(name): \(words)"
            }
        let code = (error.code, closure.replyCode) == (.accessRefused, 403) ? .credentialsRefused : error.code
        self.init(code, message, replyCode: closure.replyCode)
    }

    /// The broker called `name` offers no such login.
    init(unsupported login: Endpoint.Login, at name: String) {
        switch login {
        case .password:
            self.init(.tls, "\(name) takes no passwords (SASL PLAIN): give it a certificate with tlsCertFile")
        case .certificate:
            self.init(
                .tls,
                "\(name) takes no certificate as a login (SASL EXTERNAL): it needs the plugin rabbitmq_auth_mechanism_ssl, auth_mechanisms.1 = EXTERNAL and ssl_options.verify = verify_peer"
            )
        }
    }

    /// What a whole round of attempts has come to. It may pass if that of any of them may.
    init(round errors: [AMQPError]) {
        let first =
            errors.first(where: \.isRetriable) ?? errors.first
            ?? AMQPError(.unreachable, "no broker is named")
        var texts = errors.map(\.message)
        if texts.count > 4 { texts = texts.prefix(4) + ["and \(texts.count - 4) more"] }
        self.init(
            first.code, texts.isEmpty ? first.message : texts.joined(separator: "; "),
            replyCode: first.replyCode)
    }

    /// Whether every node of the cluster says the same, so that the others need not be asked.
    var isOfTheCluster: Bool {
        [.credentialsRefused, .accessRefused, .vhostNotFound].contains(code)
    }
}
