/// What stands behind the `?` of the brokers' URL. What other clients' URLs carry is taken, or refused by name with what
/// to do: nobody is to believe that a setting counts that does not.
struct EndpointParameters {
    var verifiesPeer = true
    var loginMechanism: Endpoint.Login?
    var heartbeat: Duration?
    var connectTimeout: Duration?

    init(_ query: Substring?, isTLS: Bool) throws(AMQPError) {
        var names: Set<String> = []
        for item in query?.split(separator: "&") ?? [] {
            let (key, text) = EndpointURL.cut(item, at: "=")
            let name = key.lowercased()
            guard names.insert(name).inserted else {
                throw EndpointURL.invalid("\(shown(key)) is there twice")
            }
            try take(name, try EndpointURL.decoded(text ?? "", "value of \(shown(key))"), isTLS: isTLS)
        }
    }

    private mutating func take(_ name: String, _ value: String, isTLS: Bool) throws(AMQPError) {
        switch name {
        case "verify":
            guard isTLS else { throw EndpointURL.invalid("verify needs amqps://") }
            switch value.lowercased() {
            case "verify_peer": verifiesPeer = true
            case "verify_none": verifiesPeer = false
            default: throw EndpointURL.invalid("verify is verify_peer or verify_none")
            }
        case "auth_mechanism":
            switch value.lowercased() {
            case "plain": loginMechanism = .password
            case "external": loginMechanism = .certificate
            default: throw EndpointURL.invalid("auth_mechanism is plain or external")
            }
        case "heartbeat":
            guard let seconds = Int64(value), 1...3600 ~= seconds else {
                throw EndpointURL.invalid(
                    "heartbeat is a number of seconds from 1 to 3600: without heartbeats a dead broker is never noticed"
                )
            }
            heartbeat = .seconds(seconds)
        case "connection_timeout":
            guard let milliseconds = Int64(value), 1000...30_000 ~= milliseconds else {
                throw EndpointURL.invalid("connection_timeout is a number of milliseconds from 1000 to 30000")
            }
            connectTimeout = .milliseconds(milliseconds)
        default:
            throw EndpointURL.invalid(
                Self.remedies[name].map { "\(name): \($0)" }
                    ?? "\(shown(name[...])) is no parameter; there are verify, auth_mechanism, heartbeat, connection_timeout"
            )
        }
    }

    /// What other clients take.
    private static let remedies: [String: String] = {
        let chosen = "leave it out: it is agreed upon with the broker, whose own limit counts"
        let always = "leave it out: it tries again for ever, in growing pauses"
        let bounded =
            "leave it out: nothing waits for the broker without a bound (for connecting, use connection_timeout)"
        let unneeded = "leave it out: the name that is verified is the host's in the URL"
        return [
            "cacertfile": "name the file in the setting tlsCAFile (REFLOW_TLS_CA_FILE)",
            "certfile": "name the file in the setting tlsCertFile (REFLOW_TLS_CERT_FILE)",
            "keyfile": "name the file in the setting tlsKeyFile (REFLOW_TLS_KEY_FILE)",
            "password":
                "leave it out: the key in tlsKeyFile has no passphrase, and is its owner's to read only",
            "ssl_options": "name the files in the settings tlsCAFile, tlsCertFile and tlsKeyFile",
            "server_name_indication": unneeded, "depth": "leave it out: chains of usual length are taken",
            "fail_if_no_peer_cert": "leave it out: it is for brokers",
            "channel_max": chosen, "channelmax": chosen, "frame_max": chosen, "framemax": chosen,
            "connection_attempts": always, "retry_delay": always, "reconnect": always,
            "socket_timeout": bounded, "stack_timeout": bounded, "blocked_connection_timeout": bounded,
            "read_timeout": bounded, "write_timeout": bounded, "timeout": bounded, "connect_timeout": bounded,
            "locale": "leave it out: it is en_US",
            "vhost": "write the virtual host behind the /, as in amqps://host/vhost",
        ]
    }()
}

/// At most 32 characters of what can be a key.
private func shown(_ key: Substring) -> String {
    let text = key.prefix(32).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    return text.isEmpty ? "a parameter" : text
}
