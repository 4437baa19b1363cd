import AMQP
import Contract
import DefragTypes
import Glibc
import JSON
import Logging
import Settings
import XFS

/// What `reflow-worker serve` needs to know: from a file of JSON, over which the environment has the last word.
struct ServeConfiguration {
    /// The broker.
    var endpoint: Endpoint
    /// Whose tasks and desired states are believed.
    var trustedUsers: TrustedUsers
    /// Under which name this host gets its tasks.
    var host: HostName
    /// Folders beneath which tasks may name files; absolute, without a slash at the end.
    var roots: [String]
    /// What the fleet's operators call this host, such as its rack.
    var labels: [String: String]
    /// Least level of what is logged.
    var logLevel: Logger.Level
    /// How it is logged.
    var logFormat: LogFormat
    /// Pause between two state events.
    var stateInterval: Duration
    /// Where the worker keeps what the next one has to know; `nil` for nowhere.
    var stateDirectory: String?

    /// A setting, as the file calls it; each may be left out, but a misspelt one is an error.
    enum Setting: String, SettingKey {
        case amqpURL, amqpPasswordFile, tlsCAFile, tlsCertFile, tlsKeyFile, trustedUsers, sharedUser, host,
            roots,
            labels, logLevel, logFormat, stateInterval, stateDirectory

        /// Both names: it is one message, wherever the value comes from.
        var place: String { "\(variable) (\(rawValue))" }
    }

    /// Reads the file at `path`, if there is one, and `environment`: `REFLOW_AMQP_URL`, `REFLOW_AMQP_PASSWORD_FILE`,
    /// `REFLOW_TLS_CA_FILE`, `REFLOW_TLS_CERT_FILE`, `REFLOW_TLS_KEY_FILE`, `REFLOW_TRUSTED_USERS` (colon separated),
    /// `REFLOW_SHARED_USER`, `REFLOW_HOST`,
    /// `REFLOW_ROOTS` (colon separated), `REFLOW_LABELS` (`rack=r1,cluster=c2`), `REFLOW_LOG_LEVEL`,
    /// `REFLOW_LOG_FORMAT`,
    /// `REFLOW_STATE_INTERVAL`, `REFLOW_STATE_DIRECTORY` (else `STATE_DIRECTORY`, which systemd sets).
    ///
    /// - Throws: ``ConfigurationError``: of each setting what is wrong, unless the file cannot be read at all.
    init(file path: String?, environment: [String: String]) throws(ConfigurationError) {
        var settings = SettingsReader<Setting>(environment: environment)
        if let path {
            let bytes: [UInt8]
            do { bytes = try contents(of: path) } catch {
                throw ConfigurationError("\(path): \(error.meaning)")
            }
            try settings.read(json: bytes, of: path)
        }
        let endpoint = settings.endpoint()
        let trustedUsers = settings.trustedUsers()
        let host = settings.host()
        let roots = settings.roots()
        let labels = settings.labels(.labels)
        let logLevel = settings.logLevel(.logLevel)
        let logFormat = settings.logFormat(.logFormat)
        let stateInterval = settings.duration(.stateInterval, such: "10s") ?? .seconds(10)
        if !(.milliseconds(100)...(.seconds(20))).contains(stateInterval) {
            settings.refuse(.stateInterval, "is from 0.1s to 20s")
        }
        // One directory: the unit names no more.
        let stateDirectory =
            settings.has(.stateDirectory)
            ? settings.absolutePath(.stateDirectory) : environment["STATE_DIRECTORY"]
        guard settings.problems.isEmpty, let endpoint, let trustedUsers, let host, let roots else {
            throw ConfigurationError(settings.problems.joined(separator: "\n"))
        }
        self.endpoint = endpoint
        self.trustedUsers = trustedUsers
        self.host = host
        self.roots = roots
        self.labels = labels ?? [:]
        self.logLevel = logLevel ?? .info
        self.logFormat = logFormat ?? .text
        self.stateInterval = stateInterval
        self.stateDirectory = stateDirectory
    }
}

/// A configuration that cannot be used; says of each setting that is wrong how it should be.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension SettingsReader<ServeConfiguration.Setting> {
    /// Takes what the file at `path` says, whose bytes are `json`.
    fileprivate mutating func read(json: [UInt8], of path: String) throws(ConfigurationError) {
        let file: [String: SettingValue]
        do {
            file = try JSONDecoder().decode([String: SettingValue].self, from: json)
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
        for (name, value) in file.sorted(by: { $0.key < $1.key }) {
            guard let setting = Key(rawValue: name) else {
                throw ConfigurationError("\(path): '\(name)' is no setting; there are \(Self.names)")
            }
            take(setting, value, at: setting.place)
        }
    }

    fileprivate mutating func endpoint() -> Endpoint? {
        let url = text(.amqpURL) ?? Endpoint.localURL
        let files = TLSFiles(
            authorities: text(.tlsCAFile), certificate: text(.tlsCertFile), key: text(.tlsKeyFile))
        let passwordFile = absolutePath(.amqpPasswordFile)
        var endpoint: Endpoint
        do { endpoint = try Endpoint(url: url, files: files) } catch {
            // Not the text: the password is in it.
            refuse(.amqpURL, because: error.message)
            return nil
        }
        guard let passwordFile else { return endpoint }
        do { try endpoint.usePasswordFile(passwordFile) } catch {
            refuse(.amqpPasswordFile, because: error.message)
        }
        return endpoint
    }

    fileprivate mutating func trustedUsers() -> TrustedUsers? {
        let named = list(.trustedUsers)
        let shared = text(.sharedUser)
        if let named, named.isEmpty {
            refuse(.trustedUsers, "is empty: name the broker account of the coordinator")
            return nil
        }
        return TrustedUsers(names: (named ?? TrustedUsers.provisioned) + (shared.map { [$0] } ?? []))
    }

    fileprivate mutating func host() -> HostName? {
        guard !has(.host) else { return value(.host, "is not 1 to 63 of a-z, 0-9 and -") { HostName($0) } }
        let name = machineName()
        let host = HostName(slugFrom: name)
        if host == nil { refuse(.host, because: "'\(name)' is not 1 to 63 of a-z, 0-9 and -") }
        return host
    }

    fileprivate mutating func roots() -> [String]? {
        let named = list(.roots)
        if named == nil, has(.roots) { return nil }
        let roots = (named ?? []).map(withoutSlashesAtEnd)
        if roots.isEmpty {
            refuse(
                .roots, "is empty: name the folders beneath which tasks may name files, such as /srv/vm")
            return nil
        }
        for root in roots where !root.isAbsolutePath {
            refuse(.roots, because: "'\(root)' is not an absolute path")
        }
        return roots
    }
}

/// `path` as it is joined with a slash and what lies beneath; `/` stays.
private func withoutSlashesAtEnd(_ path: String) -> String {
    let slash = UInt8(ascii: "/")
    let rest = path.utf8.reversed().drop { $0 == slash }.reversed()
    return rest.isEmpty && path.isAbsolutePath ? "/" : String(decoding: Array(rest), as: UTF8.self)
}

private func machineName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
