import AMQP
import DefragTypes
import Glibc
import Settings
import YAML

extension SettingsReader<ServeConfiguration.Setting> {
    /// Takes what the file at `path` says, whose text is `text`.
    mutating func read(yaml text: String, of path: String) {
        do {
            if let root = try YAMLNode.read(text) { read(root, "", path) }
        } catch {
            refuse("\(path): \(error)", line: 0)
        }
    }

    private mutating func read(_ node: YAMLNode, _ prefix: String, _ path: String) {
        guard let mapping = node.mapping else {
            let line = node.place.line
            refuse(
                "\(path) line \(line): settings, such as 'database: /var/lib/reflow/reflow.db'", line: line)
            return
        }
        var names: Set<String> = []
        for (key, value) in mapping {
            let name = prefix + (key.text ?? "")
            let line = key.place.line
            let place = "\(path) line \(line): \(name)"
            if !names.insert(name).inserted {
                refuse("\(place) is there twice", line: line)
            } else if name == "tcp" {
                read(value, "tcp.", path)
            } else if let setting = ServeConfiguration.Setting(rawValue: name) {
                if let text = value.text {
                    take(setting, .text(text), at: place, line: line)
                } else {
                    refuse("\(place): one value is wanted", line: line)
                }
            } else {
                refuse("\(place) is no setting; there are \(Self.names)", line: line)
            }
        }
    }

    /// How long something is kept.
    mutating func age(_ setting: ServeConfiguration.Setting) -> Duration? {
        let age = duration(setting, such: "400d")
        if let age, age < .seconds(86_400) { refuse(setting, "is at least 1d") }
        return age
    }

    /// The broker. A file that is for everybody may hold no password.
    mutating func endpoint(isForEverybody file: String?) -> Endpoint? {
        let passwordFile = absolutePath(.amqpPasswordFile)
        do {
            var endpoint = try Endpoint(
                url: text(.amqpURL) ?? Endpoint.localURL, caFile: text(.tlsCAFile))
            // RabbitMQ's own first password is no secret.
            if let file, isFromFile(.amqpURL), !["", "guest"].contains(endpoint.password) {
                refuse(
                    .amqpURL,
                    "holds a password, and everybody can read it: chmod o= '\(file)', or use REFLOW_AMQP_URL")
            }
            guard let passwordFile else { return endpoint }
            do { try endpoint.usePasswordFile(passwordFile) } catch {
                refuse(.amqpPasswordFile, because: error.message)
            }
            return endpoint
        } catch {
            // Not the text: the password is in it.
            refuse(.amqpURL, because: error.message)
            return nil
        }
    }

    /// An address of IPv4 or IPv6, or a name, without a port.
    private static func address(_ text: String) -> String? {
        var buffer = in6_addr()
        if inet_pton(AF_INET6, text, &buffer) == 1 { return text }
        let isName =
            text.utf8.allSatisfy { $0 < 128 }
            && text.allSatisfy { $0.isLetter || $0.isNumber || "-.".contains($0) }
        return isName && !text.isEmpty ? text : nil
    }

    mutating func tcp() -> Listeners.TCP? {
        let all: [ServeConfiguration.Setting] = [.tcpAddress, .tcpPort, .tcpTokenFile]
        guard let given = all.first(where: has) else { return nil }
        let port = value(.tcpPort, "is not a port") { text in
            Int(text).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        let address = value(.tcpAddress, "is neither an address nor the name of one", Self.address)
        if !has(.tcpPort) { refuse(given, "needs tcp.port") }
        guard let path = text(.tcpTokenFile) else {
            refuse(given, "needs tcp.tokenFile: by TCP nobody is let in without a token")
            return nil
        }
        do {
            let tokens = try TokenFile(path: path).tokens
            return port.map {
                Listeners.TCP(address: address ?? "127.0.0.1", port: $0, tokens: tokens)
            }
        } catch {
            refuse(.tcpTokenFile, because: "\(error)")
            return nil
        }
    }
}
