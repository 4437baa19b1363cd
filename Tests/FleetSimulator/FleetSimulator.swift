import AMQP
import ArgumentParser
import Contract
import DefragTypes

/// Hosts without disks: they answer surveys and slices as workers do, through a real broker, so that a coordinator can be
/// tried with more hosts than anybody has at hand.
@main struct FleetSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers tasks in the place of many hosts, called sim-0, sim-1, …",
        discussion: "Their queues have to be there: reflow provision --host sim-0 …; runs until it is killed."
    )

    @Option(help: "Where the broker is.") var url = "amqp://guest:guest@127.0.0.1:5672/"
    @Option(help: "How many hosts.") var hosts = 2000
    @Option(help: "Files that each has.") var files = 20
    @Option(help: "Racks among which they are distributed.") var racks = 20
    @Option(help: "Milliseconds that a slice takes.") var sliceMilliseconds = 200
    @Option(help: "Seconds between two signs of life of a host.") var stateInterval = 10

    func run() async throws {
        let endpoint = try Endpoint(url: url)
        // A connection has at most 2047 channels, and each consumer takes one.
        let groups = stride(from: 0, to: hosts, by: 500).map { $0..<min($0 + 500, hosts) }
        let publishing = Connection(endpoint, ConnectionOptions(name: "simulated hosts: events"))
        publishing.start()
        try await publishing.waitUntilConnected(timeout: .seconds(30))
        await withTaskGroup(of: Void.self) { group in
            for hosts in groups {
                let consuming = Connection(
                    endpoint, ConnectionOptions(name: "simulated hosts \(hosts.lowerBound)…: tasks"))
                consuming.start()
                for number in hosts {
                    guard let name = HostName("sim-\(number)") else { continue }
                    let host = SimulatedHost(
                        name: name, rack: "r\(number % racks)", files: files,
                        sliceTime: .milliseconds(sliceMilliseconds),
                        publishing: publishing)
                    group.addTask { await host.serve(consuming) }
                    group.addTask { await host.live(every: .seconds(stateInterval)) }
                }
            }
        }
    }
}

/// One host of them.
struct SimulatedHost: Sendable {
    let name: HostName
    let rack: String
    let files: Int
    let sliceTime: Duration
    let publishing: Connection

    /// Carries tasks out, all that are there at once.
    func serve(_ connection: Connection) async {
        await withDiscardingTaskGroup { group in
            for await delivery in connection.consume(queue: QueueName.tasks(name), prefetch: 4) {
                group.addTask {
                    await carryOut(delivery)
                    delivery.ack()
                }
            }
        }
    }

    /// Says at every interval that it lives.
    func live(every interval: Duration) async {
        // Not all at the same moment.
        try? await Task.sleep(for: interval * Double.random(in: 0..<1))
        while !Task.isCancelled {
            let state = HostState(
                version: reflowVersion, kernel: "simulated", generation: 0, mode: .run, fileSystems: [],
                running: [],
                uptime: 1, labels: ["rack": rack])
            await say(.hostState(state), isPersistent: false)
            try? await Task.sleep(for: interval)
        }
    }

    private func carryOut(_ delivery: Delivery) async {
        guard case .complete(let bytes) = delivery.body,
            let message = try? Contract.Message<HostTask>(json: bytes)
        else {
            return
        }
        switch message.body {
        case .survey(let survey):
            let found = (0..<files).map { file(number: $0) }
            await say(.surveyPage(SurveyPage(task: message.id, job: survey.job, page: 0, files: found)))
            await say(
                .surveyFinished(
                    SurveyFinished(
                        task: message.id, job: survey.job, pages: 1, files: files, matched: files,
                        problems: [])))
        case .slice(let slice):
            try? await Task.sleep(for: sliceTime)
            var result = DefragResult(path: slice.path, status: .done)
            result.extents = .init(before: 50_000, after: 12)
            result.bytes.rewritten = .gibibytes(1)
            result.size = .gibibytes(1)
            result.seconds = sliceTime.inSeconds
            await say(.sliceFinished(SliceFinished(task: message.id, job: slice.job, result: result)))
        }
    }

    private func file(number: Int) -> FileSurvey {
        var statistics = ExtentStatistics()
        for _ in 0..<100 { statistics.count(extentOf: 4096) }
        return FileSurvey(
            path: "/srv/vm/image-\(number).img", inode: UInt64(number + 100),
            fileSystem: "fs-\(name)-\(number % 2)",
            size: .gibibytes(1), statistics: statistics, estimatedReflinkSeconds: 1,
            gainSeconds: Double.random(in: 0.1...2))
    }

    private func say(_ event: HostEvent, isPersistent: Bool = true) async {
        do {
            let message = Contract.Message(source: EventAddress.source(name), body: event)
            var properties = MessageProperties()
            properties.contentType = messageContentType
            properties.type = event.type
            properties.messageID = message.id
            properties.isPersistent = isPersistent
            try await publishing.publish(
                AMQP.Message(body: message.json(), properties: properties), exchange: ExchangeName.events,
                routingKey: EventAddress.routingKey(name, type: event.type), mandatory: isPersistent)
        } catch {
            print("\(name): \(error)")
        }
    }
}
