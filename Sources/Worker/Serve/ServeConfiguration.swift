import AMQP
import Contract
import DefragTypes
import Glibc
import JSON
import Logging
import Settings

/// What `reflow-worker serve` needs to know: from a file of JSON, over which the environment has the last word.
struct ServeConfiguration {
    /// The broker.
    var endpoint: Endpoint
    /// Under which name this host gets its tasks.
    var host: HostName
    /// Folders beneath which tasks may name files; absolute, without a slash at the end.
    var roots: [String]
    /// What the fleet's operators call this host, such as its rack.
    var labels: [String: String]
    /// Least level of what is logged.
    var logLevel: Logger.Level
    /// Pause between two state events.
    var stateInterval: Duration

    /// The file's keys; each may be left out, but a misspelt one is an error.
    private struct File: Decodable {
        var amqpURL: String?
        var tlsCAFile: String?
        var host: String?
        var roots: [String]?
        var logLevel: String?
        var stateInterval: Double?
        var labels: [String: String]?

        private enum Key: String, CodingKey, CaseIterable {
            case amqpURL, tlsCAFile, host, roots, logLevel, stateInterval, labels
        }

        /// Any key at all.
        private struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init() {}

        init(from decoder: any Decoder) throws {
            for key in try decoder.container(keyedBy: AnyKey.self).allKeys
            where Key(stringValue: key.stringValue) == nil {
                let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError("'\(key.stringValue)' is no setting; there are \(known)")
            }
            let container = try decoder.container(keyedBy: Key.self)
            amqpURL = try container.decodeIfPresent(String.self, forKey: .amqpURL)
            tlsCAFile = try container.decodeIfPresent(String.self, forKey: .tlsCAFile)
            host = try container.decodeIfPresent(String.self, forKey: .host)
            roots = try container.decodeIfPresent([String].self, forKey: .roots)
            logLevel = try container.decodeIfPresent(String.self, forKey: .logLevel)
            stateInterval = try container.decodeIfPresent(Double.self, forKey: .stateInterval)
            labels = try container.decodeIfPresent([String: String].self, forKey: .labels)
        }
    }

    /// Reads `file`, if there is one, and `environment`: `REFLOW_AMQP_URL`, `REFLOW_TLS_CA_FILE`, `REFLOW_HOST`,
    /// `REFLOW_ROOTS` (colon separated), `REFLOW_LABELS` (`rack=r1,cluster=c2`), `REFLOW_LOG_LEVEL`,
    /// `REFLOW_STATE_INTERVAL`.
    ///
    /// - Throws: ``ConfigurationError``: of each setting what is wrong, unless the file cannot be read at all.
    init(file path: String?, environment: [String: String]) throws(ConfigurationError) {
        let file = if let path { try Self.read(path) } else { File() }
        var problems: [String] = []
        func read<Value>(_ setting: (File, [String: String]) throws(ConfigurationError) -> Value) -> Value? {
            do throws(ConfigurationError) { return try setting(file, environment) } catch {
                problems.append(error.description)
                return nil
            }
        }
        let endpoint = read(Self.endpoint)
        let host = read(Self.host)
        let roots = read(Self.roots)
        let labels = read(Self.labels)
        let logLevel = read(Self.logLevel)
        let stateInterval = read(Self.stateInterval)
        guard let endpoint, let host, let roots, let labels, let logLevel, let stateInterval else {
            throw ConfigurationError(problems.joined(separator: "\n"))
        }
        self.endpoint = endpoint
        self.host = host
        self.roots = roots
        self.labels = labels
        self.logLevel = logLevel
        self.stateInterval = stateInterval
    }

    private static func endpoint(_ file: File, _ environment: [String: String])
        throws(ConfigurationError) -> Endpoint
    {
        do {
            let url = environment["REFLOW_AMQP_URL"] ?? file.amqpURL ?? "amqp://guest:guest@127.0.0.1:5672/"
            var endpoint = try Endpoint(url: url)
            if let authority = environment["REFLOW_TLS_CA_FILE"] ?? file.tlsCAFile {
                endpoint.tls?.caFile = authority
            }
            return endpoint
        } catch {
            throw ConfigurationError("REFLOW_AMQP_URL (amqpURL): \(error.message)")
        }
    }

    private static func host(_ file: File, _ environment: [String: String])
        throws(ConfigurationError) -> HostName
    {
        let name = environment["REFLOW_HOST"] ?? file.host
        guard let host = name.map({ HostName($0) }) ?? HostName(slugFrom: machineName()) else {
            throw ConfigurationError(
                "REFLOW_HOST (host): '\(name ?? machineName())' is not 1 to 63 of a-z, 0-9 and -")
        }
        return host
    }

    private static func roots(_ file: File, _ environment: [String: String])
        throws(ConfigurationError) -> [String]
    {
        let named =
            environment["REFLOW_ROOTS"].map { $0.split(separator: ":").map(String.init) } ?? file.roots ?? []
        let roots = named.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        guard !roots.isEmpty else {
            throw ConfigurationError(
                "REFLOW_ROOTS (roots) is empty: name the folders beneath which tasks may name files, such as /srv/vm"
            )
        }
        for root in roots where !root.hasPrefix("/") {
            throw ConfigurationError("REFLOW_ROOTS (roots): '\(root)' is not an absolute path")
        }
        return roots
    }

    private static func labels(_ file: File, _ environment: [String: String])
        throws(ConfigurationError) -> [String: String]
    {
        let labels = try environment["REFLOW_LABELS"].map(labels(_:)) ?? file.labels ?? [:]
        for (key, value) in labels where !isLabel(key) || !isLabel(value) {
            throw ConfigurationError(
                "REFLOW_LABELS (labels): '\(key)=\(value)' is no label: key and value are 1 to 63 of a-z, A-Z, 0-9 and -_."
            )
        }
        return labels
    }

    private static func logLevel(_ file: File, _ environment: [String: String])
        throws(ConfigurationError) -> Logger.Level
    {
        let name = environment["REFLOW_LOG_LEVEL"] ?? file.logLevel ?? "info"
        guard let level = Logger.Level(rawValue: name) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError("REFLOW_LOG_LEVEL (logLevel): '\(name)' is none of \(levels)")
        }
        return level
    }

    private static func stateInterval(_ file: File, _ environment: [String: String])
        throws(ConfigurationError) -> Duration
    {
        // Out of range rather than a trap: Duration holds no 1e30 seconds.
        var interval = Duration.seconds(min(max(file.stateInterval ?? 10, -1), 1e6))
        if let text = environment["REFLOW_STATE_INTERVAL"] {
            guard let named = Duration(text: text) else {
                throw ConfigurationError("REFLOW_STATE_INTERVAL: '\(text)' is not a duration such as 10s")
            }
            interval = named
        }
        guard (.milliseconds(100)...(.seconds(20))).contains(interval) else {
            throw ConfigurationError("REFLOW_STATE_INTERVAL (stateInterval) is from 0.1s to 20s")
        }
        return interval
    }

    private static func labels(_ text: String) throws(ConfigurationError) -> [String: String] {
        var labels: [String: String] = [:]
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, labels.updateValue(String(parts[1]), forKey: String(parts[0])) == nil
            else {
                throw ConfigurationError(
                    "REFLOW_LABELS: '\(pair)' is not key=value, or comes twice; write rack=r1,cluster=c2")
            }
        }
        return labels
    }

    private static func read(_ path: String) throws(ConfigurationError) -> File {
        guard let file = fopen(path, "re") else {
            throw ConfigurationError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0, bytes.count < 1 << 20 else { break }
            bytes += buffer[..<count]
        }
        do {
            return try JSONDecoder().decode(File.self, from: bytes)
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
    }

    private static func machineName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A configuration that cannot be used; says of each setting that is wrong how it should be.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
