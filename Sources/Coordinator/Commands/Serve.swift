import ArgumentParser
import DefragTypes
import Foundation
import Logging
import UnixSignals

/// `reflow serve`: the coordinator.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Coordinate rollouts over the fleet, until SIGTERM.",
        discussion: """
            Keeps what it knows in a database, and may end at any moment: started again, it goes on where it was. Everything \
            else is asked of it through its socket: reflow hosts, reflow rollout start SPEC.yaml, …

            Settings come from a file of YAML, over which the environment has the last word (REFLOW_DATABASE, REFLOW_SOCKET, \
            REFLOW_AMQP_URL, REFLOW_SHARED_USER, REFLOW_LOST_AFTER, REFLOW_LOG_LEVEL, …):

              database: /var/lib/reflow/reflow.db
              socket: /run/reflow/reflow.sock
              amqpURL: amqps://reflow-coordinator:secret@broker.example.net:5671/reflow
              lostAfter: 60s

            A first rollout:
              reflow serve --config /etc/reflow/reflow.yaml &
              reflow hosts
              reflow rollout plan november.yaml
              reflow rollout start november.yaml
            """)

    @Option(help: ArgumentHelp("File of YAML with the settings.", valueName: "file"))
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
            var log = Logger(label: "reflow") { StreamLogHandler.standardError(label: $0) }
            log.logLevel = configuration.logLevel
            let service = CoordinatorService(configuration: configuration, log: log)
            let stops = await UnixSignalsSequence(trapping: .sigterm, .sigint)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                group.addTask { [log] in
                    for await signal in stops {
                        log.info("stopping", metadata: ["signal": "\(signal)"])
                        return
                    }
                }
                // A signal, or the service's own end.
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}
