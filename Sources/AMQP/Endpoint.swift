/// Where the brokers are, and as whom to log in; parsed from `amqps://user:password@b1,b2:5673/vhost`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// One broker: a name that may have several addresses, or an address.
    public struct Broker: Hashable, Sendable, CustomStringConvertible {
        /// Its name in small letters, or its address, without brackets.
        public var host: String
        /// The TCP port.
        public var port: UInt16

        /// The broker at `host` and `port`.
        public init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// How to log in.
    public enum Login: Hashable, Sendable {
        /// With user and password (SASL PLAIN).
        case password
        /// As whom the certificate of TLS names (SASL EXTERNAL).
        case certificate
    }

    /// The nodes of one cluster, at least one, each of which does.
    public var brokers: [Broker]
    /// How to log in.
    public var login: Login
    /// The login user; empty with ``Login/certificate``.
    public var user: String
    /// The password. Not part of ``description``.
    public var password: String
    /// Where the password is, in place of ``password``: it is read at each login.
    public var passwordFile: PasswordFile?
    /// The virtual host.
    public var vhost: String
    /// How to verify the broker; `nil` without TLS.
    public var tls: TLSOptions?
    /// The heartbeat that the URL asks for, in whole seconds; before that of ``ConnectionOptions``.
    public var heartbeat: Duration?
    /// The bound of connecting that the URL asks for; before that of ``ConnectionOptions``.
    public var connectTimeout: Duration?

    /// A broker on this machine, as RabbitMQ is when it is installed.
    public static let localURL = "amqp://guest:guest@127.0.0.1:5672/"

    /// Parses `url`; the files of TLS are `files`.
    ///
    /// - Throws: ``AMQPError`` with code `invalidURL`; its message says what is wrong and does not repeat the URL,
    ///   since that holds the password.
    public init(url: String, files: TLSFiles = TLSFiles()) throws(AMQPError) {
        self = try EndpointURL.parse(url, files)
    }

    init(
        brokers: [Broker], login: Login, user: String, password: String, vhost: String, tls: TLSOptions?,
        heartbeat: Duration?, connectTimeout: Duration?
    ) {
        self.brokers = brokers
        self.login = login
        self.user = user
        self.password = password
        self.vhost = vhost
        self.tls = tls
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
    }

    /// The account that the broker knows this side as: the user, or the common name of the certificate, which is read for it;
    /// empty where that cannot be.
    public var account: String {
        switch login {
        case .password: user
        case .certificate: (try? tls?.certificate?.read().commonName) ?? ""
        }
    }

    /// Without the password.
    public var description: String {
        description(of: brokers.map(\.description).joined(separator: ","))
    }

    /// The same, with one broker only.
    func description(of broker: Broker) -> String { description(of: broker.description) }

    private func description(of places: String) -> String {
        let path = vhost == "/" ? "" : "/\(vhost)"
        let who = login == .certificate ? "" : "\(user)@"
        return "\(tls == nil ? "amqp" : "amqps")://\(who)\(places)\(path)"
    }
}

/// The files of TLS, as settings name them: a URL does not.
public struct TLSFiles: Hashable, Sendable {
    /// PEM file of the authorities to trust (`tlsCAFile`).
    public var authorities: String?
    /// PEM file of this side's certificate (`tlsCertFile`).
    public var certificate: String?
    /// PEM file of its key (`tlsKeyFile`).
    public var key: String?

    /// The files that are named; the others have their defaults.
    public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}
