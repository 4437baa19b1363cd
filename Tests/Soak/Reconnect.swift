import ArgumentParser
import Trials

struct Reconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill the broker, and see how long it takes until all hosts are heard again.",
        discussion: "Two connections a host, as workers have them, in one process.")

    @Option(help: "Hosts.") var hosts = 1000
    @Flag(help: "With TLS.") var tls = false

    func run() async throws {
        let report = Report("reconnect", seed: 0)
        try await report.closing {
            let figures = try await ReconnectTrial(hosts: hosts, usesTLS: tls).run { report.progress($0) }
            return [
                ("connections", hosts * 2),
                ("ms until all were heard when they began", Int(figures.firstHeard * 1000)),
                ("ms from the broker's return until half were heard", Int(figures.halfHeard * 1000)),
                ("ms until all were heard", Int(figures.allHeard * 1000)),
                ("hosts called lost", figures.lost),
                ("peak memory of the coordinator, MiB", figures.peakMemory),
            ]
        }
    }
}
