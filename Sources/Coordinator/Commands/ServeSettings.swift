import AMQP
import DefragTypes
import Glibc
import Logging
import Rollout
import Settings
import YAML

extension SettingsReader<ServeConfiguration.Setting> {
    /// Takes what the file at `path` says, whose text is `text`; returns the inventory that is in it.
    mutating func read(yaml text: String, of path: String) -> Inventory {
        do {
            guard let root = try YAMLNode.read(text) else { return Inventory() }
            read(root, "", path)
            return root["inventory"].map { inventory($0, path) } ?? Inventory()
        } catch {
            refuse("\(path): \(error)", line: 0)
            return Inventory()
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
            } else if name == "tcp" || name == "readSocket" {
                read(value, name + ".", path)
            } else if name == "inventory" {
                // Not of single values: it is read by itself.
            } else if let setting = ServeConfiguration.Setting(rawValue: name) {
                if let text = value.text {
                    take(setting, .text(text), at: place, line: line)
                } else {
                    refuse("\(place): one value is wanted", line: line)
                }
            } else {
                refuse("\(place) is no setting; there are \(Self.names), inventory", line: line)
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
            let files = TLSFiles(
                authorities: text(.tlsCAFile), certificate: text(.tlsCertFile), key: text(.tlsKeyFile))
            var endpoint = try Endpoint(url: text(.amqpURL) ?? Endpoint.localURL, files: files)
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

    /// The socket of those who may only look.
    mutating func readSocket(besides other: String) -> Listeners.ReadSocket? {
        guard let path = absolutePath(.readSocketPath) else {
            if has(.readSocketGroup) { refuse(.readSocketGroup, "needs readSocket.path") }
            return nil
        }
        if path.utf8.count > SocketFile.longestPath {
            refuse(.readSocketPath, "has at most \(SocketFile.longestPath) bytes")
        }
        if path == other { refuse(.readSocketPath, "is the other socket: name a path of its own") }
        let group = value(.readSocketGroup, "is no group of this machine") { name in
            getgrnam(name).map { UInt32($0.pointee.gr_gid) }
        }
        return Listeners.ReadSocket(path: path, group: group)
    }

    private mutating func certificate() -> Certificates.Files? {
        guard has(.tcpCertificateFile) || has(.tcpKeyFile) else { return nil }
        let (file, key) = (absolutePath(.tcpCertificateFile), absolutePath(.tcpKeyFile))
        if !has(.tcpKeyFile) { refuse(.tcpCertificateFile, "needs tcp.keyFile") }
        if !has(.tcpCertificateFile) { refuse(.tcpKeyFile, "needs tcp.certificateFile") }
        guard let file, let key else { return nil }
        let files = Certificates.Files(certificate: file, key: key)
        do {
            _ = try Certificates(files, log: Logger(label: "reflow"))
        } catch {
            refuse(.tcpCertificateFile, because: "\(error)")
        }
        return files
    }

    mutating func tcp() -> Listeners.TCP? {
        let all: [ServeConfiguration.Setting] = [
            .tcpAddress, .tcpPort, .tcpTokenFile, .tcpCertificateFile, .tcpKeyFile, .tcpInsecure,
        ]
        guard let given = all.first(where: has) else { return nil }
        let port = value(.tcpPort, "is not a port") { text in
            Int(text).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        let address = value(.tcpAddress, "is neither an address nor the name of one", Self.address)
        let certificate = certificate()
        let isInsecure = value(.tcpInsecure, "is neither true nor false") { Bool($0) } ?? false
        if !has(.tcpPort) { refuse(given, "needs tcp.port") }
        if let address, certificate == nil, !isInsecure, !isLoopback(address) {
            refuse(
                .tcpAddress,
                because:
                    "'\(address)' is beyond this machine, where tokens would travel in clear text: give tcp.certificateFile and tcp.keyFile, or listen at 127.0.0.1 behind a proxy that speaks TLS; tcp.insecure: true if the network itself is secure"
            )
        }
        guard let path = text(.tcpTokenFile) else {
            refuse(given, "needs tcp.tokenFile: by TCP nobody is let in without a token")
            return nil
        }
        do {
            let tokens = try TokenFile(path: path).tokens
            return port.map {
                Listeners.TCP(
                    address: address ?? "127.0.0.1", port: $0, tokens: tokens, tokenFile: path,
                    certificate: certificate)
            }
        } catch {
            refuse(.tcpTokenFile, because: "\(error)")
            return nil
        }
    }
}
