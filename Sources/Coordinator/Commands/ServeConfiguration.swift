import AMQP
import DefragTypes
import Foundation
import Logging
import Rollout
import Settings

/// What `reflow serve` needs to know: from a file of YAML, over which the environment has the last word.
struct ServeConfiguration {
    /// Path of the database.
    var database = usualDatabase
    /// Where the API listens.
    var listeners = Listeners(socket: "/run/reflow/reflow.sock", tcp: nil)
    /// The broker.
    var endpoint: Endpoint
    /// The broker user that speaks for every host, where all share one.
    var sharedUser: String?
    /// Silence after which a host counts as lost.
    var lostAfter = Duration.seconds(60)
    /// What the operators say of hosts.
    var inventory = Inventory()
    /// How long what is over is kept.
    var retention = Store.Retention()
    /// Least level of what is logged.
    var logLevel = Logger.Level.info
    /// How it is logged.
    var logFormat = LogFormat.text

    /// Where the database is unless something else is said.
    static let usualDatabase = "/var/lib/reflow/reflow.db"

    /// A setting, as the file calls it.
    enum Setting: String, SettingKey {
        case database
        case socket
        case readSocketPath = "readSocket.path"
        case readSocketGroup = "readSocket.group"
        case tcpAddress = "tcp.address"
        case tcpPort = "tcp.port"
        case tcpTokenFile = "tcp.tokenFile"
        case tcpCertificateFile = "tcp.certificateFile"
        case tcpKeyFile = "tcp.keyFile"
        case tcpInsecure = "tcp.insecure"
        case amqpURL
        case amqpPasswordFile
        case tlsCAFile
        case tlsCertFile
        case tlsKeyFile
        case sharedUser
        case lostAfter
        case keepRollouts
        case keepAudit
        case logLevel
        case logFormat
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
        var status = stat()
        let isForEverybody = path.map { stat($0, &status) == 0 && status.isForEverybody } ?? false
        try self.init(
            text: text, of: path ?? "", isForEverybody: isForEverybody, environment: environment)
    }

    /// Reads `text`, which is what the file `path` says, and `environment`. A file that is for everybody may hold no password.
    ///
    /// - Throws: ``Wrong``.
    init(
        text: String, of path: String, isForEverybody: Bool = false, environment: [String: String]
    ) throws(Wrong) {
        var settings = SettingsReader<Setting>(environment: environment)
        inventory = settings.read(yaml: text, of: path)
        let endpoint = settings.endpoint(isForEverybody: isForEverybody ? path : nil)
        database = settings.absolutePath(.database) ?? database
        listeners.socket = settings.absolutePath(.socket) ?? listeners.socket
        if listeners.socket.utf8.count > SocketFile.longestPath {
            settings.refuse(.socket, "has at most \(SocketFile.longestPath) bytes")
        }
        listeners.readSocket = settings.readSocket(besides: listeners.socket)
        listeners.tcp = settings.tcp()
        sharedUser = settings.text(.sharedUser)
        lostAfter = settings.duration(.lostAfter, such: "60s") ?? lostAfter
        if lostAfter < .seconds(25) {
            settings.refuse(.lostAfter, "is at least 25s: a worker may be silent for 20s")
        }
        retention.rollouts = settings.age(.keepRollouts) ?? retention.rollouts
        retention.audit = settings.age(.keepAudit) ?? retention.audit
        logLevel = settings.logLevel(.logLevel) ?? logLevel
        logFormat = settings.logFormat(.logFormat) ?? logFormat
        guard settings.problems.isEmpty, let endpoint else { throw Wrong(problems: settings.problems) }
        self.endpoint = endpoint
    }
}
