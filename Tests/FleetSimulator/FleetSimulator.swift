import AMQP
import ArgumentParser
import Contract
import Foundation
import UnixSignals

/// Hosts without disks: they answer surveys and slices as workers do, through a real broker, so that a coordinator can be
/// tested with thousands of hosts.
@main struct FleetSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers tasks in the place of many hosts, called sim-0, sim-1, …",
        discussion: """
            Their queues have to be there: reflow provision --host sim-0 …. Prints what they have done so far as a line of JSON, \
            ten times a second while that grows, and a last one when it is stopped.
            """)

    @Option(help: "Where the broker is.") var url = "amqp://guest:guest@127.0.0.1:5672/"
    @Option(help: "How many hosts.") var hosts = 2000
    @Option(help: "Files that each has, on two file systems.") var files = 20
    @Option(help: "Racks among which they are distributed.") var racks = 20
    @Option(help: "Milliseconds that a file takes: on average, each between half of it and one and a half.")
    var fileMilliseconds = 200
    @Option(help: "Seconds between two signs of life of a host.") var stateInterval = 10.0
    @Option(help: "Seconds between two reports of progress of a working host; 0 for none.")
    var progressInterval = 1.0

    /// Hosts that share two connections: each takes two channels, of which the broker allows a connection 64.
    private static let hostsOfConnection = 25

    func run() async throws {
        let endpoint = try Endpoint(url: url)
        let account = Account()
        let nature = SimulatedHost.Nature(
            files: files, fileTime: .milliseconds(fileMilliseconds), stateInterval: .seconds(stateInterval),
            progressInterval: progressInterval > 0 ? .seconds(progressInterval) : nil)
        let stops = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        await withTaskGroup(of: Void.self) { group in
            for first in stride(from: 0, to: hosts, by: Self.hostsOfConnection) {
                let tasks = connection(endpoint, "tasks of simulated hosts \(first)…")
                let events = connection(endpoint, "events of simulated hosts \(first)…")
                for number in first..<min(first + Self.hostsOfConnection, hosts) {
                    guard let name = HostName("sim-\(number)") else { continue }
                    let host = SimulatedHost(
                        name: name, rack: "r\(number % racks)", nature: nature, connection: events,
                        account: account)
                    group.addTask {
                        await host.serve(tasks.consume(queue: QueueName.tasks(name), prefetch: 32))
                    }
                    group.addTask {
                        await host.obey(tasks.consume(queue: QueueName.control(name), prefetch: 8))
                    }
                    group.addTask { await host.reportState() }
                    group.addTask { await host.reportProgress() }
                }
            }
            group.addTask { await account.print(every: .milliseconds(100)) }
            for await _ in stops { break }
            // Work in progress is dropped: its tasks are redelivered to the next simulator of these hosts.
            group.cancelAll()
        }
        account.print()
    }

    private func connection(_ endpoint: Endpoint, _ name: String) -> Connection {
        let connection = Connection(endpoint, ConnectionOptions(name: name))
        connection.start()
        return connection
    }
}
