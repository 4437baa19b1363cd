import AMQP
import DefragTypes
import Glibc
import Yams

/// The settings as they were found, and what is wrong with them.
struct ServeSettings {
    private struct Found {
        var text: String
        /// For messages: `reflow.yaml line 3: database`, or the variable's name.
        var place: String
        /// The line in the file; `nil` for the environment.
        var line: Int?
        /// The file that says it; `nil` for the environment.
        var file: String?
    }

    /// What is wrong, in the order of the file; then what the environment says.
    var problems: [String] { refusals.sorted { $0.line < $1.line }.map(\.text) }
    private var refusals: [(line: Int, text: String)] = []
    private var found: [ServeConfiguration.Setting: Found] = [:]

    init(text: String, of path: String, environment: [String: String]) {
        do {
            if let root = try Yams.compose(yaml: text), root.scalar?.string != "" { read(root, "", path) }
        } catch let error as YamlError {
            refuse("\(path): \(error.brief)", line: 0)
        } catch {
            refuse("\(path): \(error)", line: 0)
        }
        for setting in ServeConfiguration.Setting.allCases {
            guard let text = environment[setting.variable] else { continue }
            found[setting] = Found(text: text, place: setting.variable)
        }
    }

    private mutating func read(_ node: Node, _ prefix: String, _ path: String) {
        guard let mapping = node.mapping else {
            let line = node.mark?.line ?? 1
            refuse(
                "\(path) line \(line): settings, such as 'database: /var/lib/reflow/reflow.db'", line: line)
            return
        }
        for (key, value) in mapping {
            let name = prefix + (key.string ?? "")
            let line = key.mark?.line ?? 1
            let place = "\(path) line \(line): \(name)"
            if name == "tcp" {
                read(value, "tcp.", path)
            } else if let setting = ServeConfiguration.Setting(rawValue: name) {
                if let text = value.scalar?.string {
                    found[setting] = Found(text: text, place: place, line: line, file: path)
                } else {
                    refuse("\(place): one value is wanted", line: line)
                }
            } else {
                let known = ServeConfiguration.Setting.allCases.map(\.rawValue).joined(separator: ", ")
                refuse("\(place) is no setting; there are \(known)", line: line)
            }
        }
    }

    // MARK: - Values

    func text(_ setting: ServeConfiguration.Setting) -> String? { found[setting]?.text }

    mutating func refuse(_ setting: ServeConfiguration.Setting, _ why: String) {
        refuse("\(found[setting]?.place ?? setting.rawValue) \(why)", line: found[setting]?.line)
    }

    private mutating func refuse(_ text: String, line: Int?) {
        refusals.append((line ?? .max, text))
    }

    mutating func value<Value>(
        _ setting: ServeConfiguration.Setting, _ wrong: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let entry = found[setting] else { return nil }
        let value = parse(entry.text)
        if value == nil { refuse("\(entry.place): '\(entry.text)' \(wrong)", line: entry.line) }
        return value
    }

    mutating func duration(_ setting: ServeConfiguration.Setting, such example: String) -> Duration? {
        value(setting, "is not a duration such as \(example)", Duration.init(text:))
    }

    /// How long something is kept.
    mutating func age(_ setting: ServeConfiguration.Setting) -> Duration? {
        let age = duration(setting, such: "400d")
        if let age, age < .seconds(86_400) { refuse(setting, "is at least 1d") }
        return age
    }

    mutating func absolutePath(_ setting: ServeConfiguration.Setting) -> String? {
        value(setting, "is not an absolute path") { $0.hasPrefix("/") ? $0 : nil }
    }

    mutating func endpoint(isForEverybody: Bool) -> Endpoint? {
        do {
            var endpoint = try Endpoint(url: text(.amqpURL) ?? "amqp://guest:guest@127.0.0.1:5672/")
            if let file = text(.tlsCAFile) { endpoint.tls?.caFile = file }
            // RabbitMQ's own first password is no secret.
            if isForEverybody, let file = found[.amqpURL]?.file, !["", "guest"].contains(endpoint.password) {
                refuse(
                    .amqpURL,
                    "holds a password, and everybody can read it: chmod o= '\(file)', or use REFLOW_AMQP_URL")
            }
            return endpoint
        } catch {
            // Not the text: the password is in it.
            refuse(
                "\(found[.amqpURL]?.place ?? "amqpURL"): \(error.message)", line: found[.amqpURL]?.line)
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
        guard let given = all.first(where: { found[$0] != nil }) else { return nil }
        let port = value(.tcpPort, "is not a port") { text in
            Int(text).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        let address = value(.tcpAddress, "is neither an address nor the name of one", Self.address)
        if found[.tcpPort] == nil { refuse(given, "needs tcp.port") }
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
            refuse(
                "\(found[.tcpTokenFile]?.place ?? "tcp.tokenFile"): \(error)",
                line: found[.tcpTokenFile]?.line)
            return nil
        }
    }
}

extension YamlError {
    /// What is wrong, in a line, with its place.
    fileprivate var brief: String {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): \(duplicates.joined(separator: ", ")) is there twice"
        default: "\(self)"
        }
    }
}
