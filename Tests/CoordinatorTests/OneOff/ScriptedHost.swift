import AMQP
import BrokerKit
import Contract
import DefragTypes
import Support

/// A host without a worker: answers each survey with the files that it is given, and no slice.
struct ScriptedHost: Sendable {
    let name: HostName
    let broker: PrivateBroker
    private let connection: Connection
    private let answering: Task<Void, any Error>
    /// Yields when a slice has come.
    let slices: AsyncStream<SliceTask>

    /// Provisions the host `name`, and answers as it.
    init(_ name: String, at broker: PrivateBroker, files: [FileSurvey]) async throws {
        let host = named(name)
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: name))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        let provision = try Process(
            "reflow", ["provision", "--host", name], environment: ["REFLOW_AMQP_URL": broker.url])
        guard await provision.wait() == .exited(0) else {
            throw Tool.Failure(description: provision.errors)
        }
        let (slices, continuation) = AsyncStream.makeStream(of: SliceTask.self)
        answering = Task {
            for await delivery in connection.consume(queue: QueueName.tasks(host), prefetch: 10) {
                let task = try Contract.Message<HostTask>(delivery)
                switch task.body {
                case .slice(let slice): continuation.yield(slice)
                case .survey(let survey):
                    for event in Self.answer(survey, task.id, files) {
                        let message = Contract.Message(source: EventAddress.source(host), body: event)
                        try await connection.publish(
                            AMQP.Message(message), exchange: ExchangeName.events,
                            routingKey: EventAddress.routingKey(host, type: event.type))
                    }
                    delivery.ack()
                }
            }
        }
        (self.name, self.broker, self.connection, self.slices) = (host, broker, connection, slices)
    }

    private static func answer(_ task: SurveyTask, _ id: String, _ files: [FileSurvey]) -> [HostEvent] {
        let pages = stride(from: 0, to: files.count, by: 100).map {
            Array(files[$0..<min($0 + 100, files.count)])
        }
        return pages.enumerated().map { number, files in
            .surveyPage(.init(task: id, job: task.job, page: number, files: files))
        } + [
            .surveyFinished(
                .init(
                    task: id, job: task.job, pages: pages.count, files: files.count, matched: files.count,
                    problems: []))
        ]
    }

    /// Starts `reflow run` over all that it has.
    func run() throws -> Process {
        try Process(
            "reflow", ["run", "--host", "\(name)", "--path", "/v/*", "--output", "json"],
            environment: ["REFLOW_AMQP_URL": broker.url, "REFLOW_SHARED_USER": "guest"])
    }

    func close() async {
        answering.cancel()
        await connection.close(within: .seconds(1))
    }
}
