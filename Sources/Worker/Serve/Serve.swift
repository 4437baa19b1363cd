import DefragTypes
import Glibc
import Logging
import Settings
import Systemd

/// Runs `reflow-worker serve` with a file of JSON, or from the environment alone.
func serve(configurationFile: String?, environment: [String: String]) async -> ExitStatus {
    let configuration: ServeConfiguration
    do {
        configuration = try ServeConfiguration(file: configurationFile, environment: environment)
    } catch {
        standardError("reflow-worker: \("\(error)".plainLines)\n")
        return .configuration
    }
    let format = configuration.logFormat
    var log = Logger(label: "reflow-worker") { LogLines(label: $0, format: format) }
    log.logLevel = configuration.logLevel
    log.info(
        "starting",
        metadata: [
            "version": "\(reflowVersion)", "host": "\(configuration.host)",
            "broker": "\(configuration.endpoint)",
            "roots": "\(configuration.roots.joined(separator: ":"))",
        ])
    if configuration.trustedUsers.includeEverybody {
        log.warning(
            "trustedUsers is '*': anybody who may publish to this host's queues can have it rewrite files. Name the coordinator's account"
        )
    }
    for root in configuration.roots where access(root, R_OK | X_OK) != 0 {
        log.warning(
            "a root cannot be opened: tasks that name files in it will be refused",
            metadata: ["root": "\(root)", "error": "\(String(cString: strerror(errno)))"])
    }
    return await Server(
        configuration: configuration, log: log, systemd: SystemdNotify(environment: environment)
    ).run()
}
