import AMQP
import DefragTypes
import Foundation
import Logging
import Yams

/// What `reflow serve` needs to know: from a file of YAML, over which the environment has the last word.
struct ServeConfiguration {
    /// Path of the database.
    var database = "/var/lib/reflow/reflow.db"
    /// Where the API listens.
    var listeners = Listeners(socket: "/run/reflow/reflow.sock", tcp: nil)
    /// The broker.
    var endpoint: Endpoint
    /// The broker user that speaks for every host, where all share one.
    var sharedUser: String?
    /// Silence after which a host counts as lost.
    var lostAfter = Duration.seconds(60)
    /// Least level of what is logged.
    var logLevel = Logger.Level.info

    /// A setting: how the file and the environment call it.
    enum Setting: String, CaseIterable {
        case database
        case socket
        case tcpAddress = "tcp.address"
        case tcpPort = "tcp.port"
        case tcpTokenFile = "tcp.tokenFile"
        case amqpURL
        case tlsCAFile
        case sharedUser
        case lostAfter
        case logLevel

        /// The variable of the environment.
        var variable: String {
            switch self {
            case .amqpURL: "REFLOW_AMQP_URL"
            case .tlsCAFile: "REFLOW_TLS_CA_FILE"
            default:
                "REFLOW_"
                    + rawValue.map { $0 == "." ? "_" : $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
            }
        }
    }

    /// Why a configuration cannot be used: everything that is wrong with it.
    struct Wrong: Error, Hashable, Sendable, CustomStringConvertible {
        /// One each, naming its place and its setting.
        let problems: [String]

        var description: String { problems.joined(separator: "\n") }
    }

    /// Reads the file at `path`, if one is named, and `environment`.
    ///
    /// - Throws: ``Wrong``.
    init(file path: String?, environment: [String: String]) throws(Wrong) {
        var text = ""
        if let path {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Wrong(problems: ["\(path) cannot be read: is it there, and may this user read it?"])
            }
            text = String(decoding: data, as: UTF8.self)
        }
        try self.init(text: text, of: path ?? "", environment: environment)
    }

    /// Reads `text`, which is what the file `path` says, and `environment`.
    ///
    /// - Throws: ``Wrong``.
    init(text: String, of path: String, environment: [String: String]) throws(Wrong) {
        var settings = ServeSettings(text: text, of: path, environment: environment)
        let endpoint = settings.endpoint()
        database = settings.absolutePath(.database) ?? database
        listeners.socket = settings.absolutePath(.socket) ?? listeners.socket
        if listeners.socket.utf8.count > SocketFile.longestPath {
            settings.refuse(.socket, "has at most \(SocketFile.longestPath) bytes")
        }
        listeners.tcp = settings.tcp()
        sharedUser = settings.text(.sharedUser)
        lostAfter =
            settings.value(.lostAfter, "is not a duration such as 60s", Duration.init(text:)) ?? lostAfter
        if lostAfter < .seconds(25) {
            settings.refuse(.lostAfter, "is at least 25s: a worker may be silent for 20s")
        }
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        logLevel = settings.value(.logLevel, "is none of \(levels)", Logger.Level.init(rawValue:)) ?? logLevel
        guard settings.problems.isEmpty, let endpoint else { throw Wrong(problems: settings.problems) }
        self.endpoint = endpoint
    }
}

/// The settings as they were found, and what is wrong with them.
private struct ServeSettings {
    private struct Found {
        var text: String
        /// For messages: `reflow.yaml line 3: database`, or the variable's name.
        var place: String
    }

    private(set) var problems: [String] = []
    private var found: [ServeConfiguration.Setting: Found] = [:]

    init(text: String, of path: String, environment: [String: String]) {
        do {
            if let root = try Yams.compose(yaml: text), root.scalar?.string != "" { read(root, "", path) }
        } catch let error as YamlError {
            problems.append("\(path): \(error.brief)")
        } catch {
            problems.append("\(path): \(error)")
        }
        for setting in ServeConfiguration.Setting.allCases {
            guard let text = environment[setting.variable] else { continue }
            found[setting] = Found(text: text, place: setting.variable)
        }
    }

    private mutating func read(_ node: Node, _ prefix: String, _ path: String) {
        guard let mapping = node.mapping else {
            problems.append(
                "\(path) line \(node.mark?.line ?? 1): settings, such as 'database: /var/lib/reflow/reflow.db'"
            )
            return
        }
        for (key, value) in mapping {
            let name = prefix + (key.string ?? "")
            let place = "\(path) line \(key.mark?.line ?? 1): \(name)"
            if name == "tcp" {
                read(value, "tcp.", path)
            } else if let setting = ServeConfiguration.Setting(rawValue: name) {
                if let text = value.scalar?.string {
                    found[setting] = Found(text: text, place: place)
                } else {
                    problems.append("\(place): one value is wanted")
                }
            } else {
                let known = ServeConfiguration.Setting.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("\(place) is no setting; there are \(known)")
            }
        }
    }

    // MARK: - Values

    func text(_ setting: ServeConfiguration.Setting) -> String? { found[setting]?.text }

    mutating func refuse(_ setting: ServeConfiguration.Setting, _ why: String) {
        problems.append("\(found[setting]?.place ?? setting.rawValue) \(why)")
    }

    mutating func value<Value>(
        _ setting: ServeConfiguration.Setting, _ wrong: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let entry = found[setting] else { return nil }
        let value = parse(entry.text)
        if value == nil { problems.append("\(entry.place): '\(entry.text)' \(wrong)") }
        return value
    }

    mutating func absolutePath(_ setting: ServeConfiguration.Setting) -> String? {
        value(setting, "is not an absolute path") { $0.hasPrefix("/") ? $0 : nil }
    }

    mutating func endpoint() -> Endpoint? {
        do {
            var endpoint = try Endpoint(url: text(.amqpURL) ?? "amqp://guest:guest@127.0.0.1:5672/")
            if let file = text(.tlsCAFile) { endpoint.tls?.caFile = file }
            return endpoint
        } catch {
            // Not the text: the password is in it.
            problems.append("\(found[.amqpURL]?.place ?? "amqpURL"): \(error.message)")
            return nil
        }
    }

    mutating func tcp() -> Listeners.TCP? {
        let all: [ServeConfiguration.Setting] = [.tcpAddress, .tcpPort, .tcpTokenFile]
        guard let given = all.first(where: { found[$0] != nil }) else { return nil }
        let port = value(.tcpPort, "is not a port") { text in
            Int(text).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        if found[.tcpPort] == nil { refuse(given, "needs tcp.port") }
        guard let path = text(.tcpTokenFile) else {
            refuse(given, "needs tcp.tokenFile: by TCP nobody is let in without a token")
            return nil
        }
        do {
            let tokens = try TokenFile(path: path).tokens
            return port.map {
                Listeners.TCP(address: text(.tcpAddress) ?? "127.0.0.1", port: $0, tokens: tokens)
            }
        } catch {
            problems.append("\(found[.tcpTokenFile]?.place ?? "tcp.tokenFile"): \(error)")
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
