import ArgumentParser
import DefragTypes
import Foundation
import Logging
import Settings
import Systemd

/// `reflow serve`: the coordinator.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Coordinate rollouts over the fleet, until SIGTERM.",
        discussion: """
            Keeps what it knows in a database, and may end at any moment: started again, it goes on where it was. Everything \
            else is asked of it through its socket: reflow hosts, reflow rollout start SPEC.yaml, …

            Settings come from a file of YAML, over which the environment has the last word (REFLOW_DATABASE for database, \
            REFLOW_TCP_TOKEN_FILE for tcp.tokenFile, and so on). The broker's URL holds a password and belongs into the \
            environment; in a file that everybody may read it is refused.

              database: /var/lib/reflow/reflow.db     made if it is not there; its folder has to be
              socket: /run/reflow/reflow.sock         whoever may open it may do everything
              readSocket: {path: /run/reflow/read.sock, group: monitoring}
                                                      another one, to look and change nothing; none without
              tcp: {address: 127.0.0.1, port: 8420, tokenFile: /etc/reflow/tokens}
                                                      also by TCP, for who has a token; none without
              amqpURL: amqp://guest:guest@127.0.0.1:5672/
              amqpPasswordFile: /etc/reflow/coordinator.password
                                                      its password, which is not in the URL then; read at each connection
              tlsCAFile: /etc/reflow/ca.pem           whom to trust with amqps; the system's own without
              tlsCertFile: /etc/reflow/reflow.pem     its certificate; without a user in amqpURL it is the login
              tlsKeyFile: /etc/reflow/reflow.key      its key, without a passphrase
              sharedUser: guest                       the broker account that speaks for every host; each its own without
              lostAfter: 60s                          silence after which a host gives its slot to others; at least 25s
              inventory: {alpha: {rack: r1}}          labels of hosts, before what they say of themselves
              keepRollouts: 400d                      so long after their end rollouts are kept, with each file's result
              keepAudit: 400d                         and so long who did what
              logLevel: info                          trace, debug, info, notice, warning, error or critical
              logFormat: text                         text, or json: an object a line

            The file of tokens has a name, a role (operate, read or metrics) and a secret of at least 20 characters on each line \
            ('ops operate 3f9c…'), and nobody but its owner and group may read it (mode 0640). At SIGHUP it is read again. A \
            client puts the secret into REFLOW_TOKEN; the audit has the name. Beyond \
            this machine, tcp takes certificateFile and keyFile (PEM; read again when they change), or insecure: true.

            A first rollout:
              export REFLOW_AMQP_URL=amqps://reflow.coordinator:…@broker.example.net/reflow
              reflow serve --config /etc/reflow/reflow.yaml &
              reflow hosts
              reflow rollout plan november.yaml
              reflow rollout start november.yaml
            """)

    @Option(
        help: ArgumentHelp("File of YAML with the settings.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func run() async throws {
        try await reportingFailure {
            let configuration: ServeConfiguration
            do {
                configuration = try ServeConfiguration(
                    file: config, environment: ProcessInfo.processInfo.environment)
            } catch {
                throw Failure(.configuration, "\(error)")
            }
            let format = configuration.logFormat
            var log = Logger(label: "reflow") { LogLines(label: $0, format: format) }
            log.logLevel = configuration.logLevel
            if let shared = configuration.sharedUser {
                log.warning(
                    "all hosts share the broker account '\(shared)': each of them can speak for all others, and give them tasks. Give each its own (reflow provision --credentials), and leave sharedUser out"
                )
            }
            try await CoordinatorService(
                configuration: configuration, log: log,
                systemd: SystemdNotify(environment: ProcessInfo.processInfo.environment)
            ).run()
        }
    }
}
