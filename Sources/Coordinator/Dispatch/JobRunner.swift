import AMQP
import Contract
import DefragTypes
import Rollout

/// Carries a ``Job`` out at a real broker: feeds it what happens, publishes what it decides.
struct JobRunner {
    /// Publishes tasks; a connection of its own, since a blocked publisher must not hold up the answers.
    let publisher: Connection
    /// Brings the answers.
    let consumer: Connection
    let mail: HostMail

    /// What reaches the loop.
    private enum Happening: Sendable {
        case input(Job.Input)
        case note(String)
    }

    /// Runs `request` to its end.
    ///
    /// - Parameters:
    ///   - request: what to do.
    ///   - stops: yields whenever the operator wants no more slices to start; the second time, nothing is waited for.
    ///   - show: called after each change.
    ///   - note: called with what the operator should know and the job itself does not say.
    /// - Returns: the job as it stands at the end.
    /// - Throws: ``AMQPError`` when the job's queue cannot be declared.
    func run(
        _ request: JobRequest, stops: some AsyncSequence<Void, Never> & Sendable, show: (Job) -> Void,
        note: (String) -> Void
    ) async throws -> Job {
        let (queue, bindings) = Topology.jobQueue(request.id, hosts: request.hosts)
        _ = try await consumer.declare(queue)
        for binding in bindings { try await consumer.bind(queue: queue.name, binding) }
        let (happenings, continuation) = AsyncStream.makeStream(of: Happening.self)
        return await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await consume(queue.name, into: continuation) }
            group.addTask { await watchBroker(continuation) }
            group.addTask { await ask(request.hosts, continuation) }
            group.addTask {
                for await _ in stops { continuation.yield(.input(.stop)) }
            }
            group.addTask {
                while !Task.isCancelled {
                    continuation.yield(.input(.tick))
                    try await Task.sleep(for: .seconds(1))
                }
            }

            let clock = ContinuousClock()
            let start = clock.now
            var job = Job(request)
            func take(_ input: Job.Input) {
                for action in job.handle(input, at: clock.now - start) {
                    group.addTask { await send(action, continuation) }
                }
                show(job)
            }
            take(.start)
            for await happening in happenings {
                switch happening {
                case .note(let text): note(text)
                case .input(.stop) where job.isStopping: return await finish(job, queue)
                case .input(.stop):
                    note("stopping: waiting for the slices that are out; once more to leave at once")
                    take(.stop)
                case .input(let input): take(input)
                }
                if job.isEnded { break }
            }
            return await finish(job, queue)
        }
    }

    private func finish(_ job: Job, _ queue: QueueDefinition) async -> Job {
        // Best effort, and not for long: the broker deletes it by itself once nobody has used it for a while.
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await consumer.delete(queue: queue.name) }
            group.addTask { try? await Task.sleep(for: .seconds(2)) }
            await group.next()
            group.cancelAll()
        }
        return job
    }

    private func consume(_ queue: String, into continuation: AsyncStream<Happening>.Continuation) async {
        var ignored: Set<String> = []
        for await delivery in consumer.consume(queue: queue, prefetch: 100) {
            switch mail.meaning(of: delivery) {
            case .event(let host, let event, _): continuation.yield(.input(.heard(host, event)))
            case .dead(let letter):
                guard let task = letter.messageID else { break }
                continuation.yield(.input(.deadLettered(task: task, reason: letter.why)))
            case .ignored(let why):
                if ignored.insert(why).inserted { continuation.yield(.note("ignored \(why)")) }
            }
            delivery.ack()
        }
    }

    private func watchBroker(_ continuation: AsyncStream<Happening>.Continuation) async {
        var isAway = false
        for await state in consumer.states {
            switch state {
            case .disconnected(let error, let retryIn):
                if !isAway {
                    continuation.yield(
                        .note(
                            "the broker is away (\(error)); the hosts go on with what they have, trying again in \(retryIn.text)"
                        ))
                }
                isAway = true
            case .connected where isAway:
                isAway = false
                continuation.yield(.note("the broker is back"))
                continuation.yield(.input(.reconnected))
            default: break
            }
        }
    }

    /// Asks the broker for each host's queue: with an alternate exchange, a task without a queue is not returned.
    private func ask(_ hosts: [HostName], _ continuation: AsyncStream<Happening>.Continuation) async {
        for host in hosts {
            do {
                let status = try await publisher.inspect(queue: QueueName.tasks(host))
                if status.consumers == 0 {
                    continuation.yield(.note("no worker is connected for host \(host) yet"))
                }
            } catch let error as AMQPError where error.code == .notFound {
                let why = "has no task queue: run 'reflow provision --host \(host)', then start its worker"
                continuation.yield(.input(.undeliverable(host, why)))
            } catch {
                continuation.yield(.note("could not ask the broker for host \(host): \(error)"))
            }
        }
    }

    private func send(_ action: Job.Action, _ continuation: AsyncStream<Happening>.Continuation) async {
        switch action {
        case .send(let host, let id, let task):
            do {
                let message = Contract.Message(id: id, source: "/coordinator", subject: task.path, body: task)
                try await publisher.publish(
                    AMQP.Message(message), exchange: ExchangeName.tasks, routingKey: "\(host)",
                    mandatory: true)
            } catch is CancellationError {
            } catch {
                continuation.yield(.input(.undeliverable(host, "could not be sent a task: \(error)")))
            }
        }
    }
}

extension AMQP.Message {
    /// The message as the broker carries it: persistent, its id and type among the properties, too.
    init<Body>(_ message: Contract.Message<Body>) throws(ContractError) {
        var properties = MessageProperties()
        properties.contentType = messageContentType
        properties.type = message.body.type
        properties.messageID = message.id
        self.init(body: try message.json(), properties: properties)
    }
}

extension HostTask {
    fileprivate var path: String? {
        switch self {
        case .slice(let slice): slice.path
        case .survey: nil
        }
    }
}
