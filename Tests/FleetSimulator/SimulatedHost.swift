import AMQP
import BrokerKit
import Contract
import DefragTypes
import Foundation
import Synchronization

/// One host: does what the contract requires of a worker, with files that do not exist.
///
/// A redelivered task starts nothing twice; of each file system one slice runs at a time, within its time budget; a pause
/// ends it at its cursor; a task is acked once its answer is confirmed.
final class SimulatedHost: Sendable {
    /// What is the same for all hosts.
    struct Nature: Sendable {
        var files: Int
        var fileTime: Duration
        var stateInterval: Duration
        /// `nil` for none.
        var progressInterval: Duration?
    }

    private let name: HostName
    private let rack: String
    private let nature: Nature
    private let connection: Connection
    private let account: Account
    private let work = Mutex(HostWork())

    init(name: HostName, rack: String, nature: Nature, connection: Connection, account: Account) {
        self.name = name
        self.rack = rack
        self.nature = nature
        self.connection = connection
        self.account = account
    }

    // MARK: - Tasks

    /// Carries out tasks until cancelled.
    func serve(_ deliveries: Deliveries) async {
        await withDiscardingTaskGroup { group in
            var lanes: [String: AsyncStream<Contract.Message<HostTask>>.Continuation] = [:]
            for await delivery in deliveries {
                guard let message = accept(delivery) else { continue }
                account.took(message.body)
                let lane = message.body.lane
                if let waiting = work.withLock({ $0.waiting.removeValue(forKey: lane) }) {
                    account.waited(.now - waiting)
                }
                if lanes[lane] == nil {
                    let (tasks, continuation) = AsyncStream.makeStream(of: Contract.Message<HostTask>.self)
                    lanes[lane] = continuation
                    group.addTask { for await task in tasks { await self.carryOut(task) } }
                }
                lanes[lane]?.yield(message)
            }
            for lane in lanes.values { lane.finish() }
        }
    }

    /// The task of a delivery; `nil` if it is a redelivery.
    private func accept(_ delivery: Delivery) -> Contract.Message<HostTask>? {
        guard let message = try? Contract.Message<HostTask>(delivery) else {
            delivery.reject(requeue: false)
            return nil
        }
        switch work.withLock({ $0.arrived(message.id, delivery) }) {
        case .begin: return message
        case .underWay: break
        case .answered: delivery.ack()
        }
        account.recognised()
        return nil
    }

    private func carryOut(_ message: Contract.Message<HostTask>) async {
        let events: [HostEvent] =
            switch message.body {
            case .survey(let task): survey(task, message.id)
            case .slice(let task):
                [
                    .sliceFinished(
                        SliceFinished(task: message.id, job: task.job, result: await run(task, message.id)))
                ]
            }
        for event in events { guard await answer(event) else { return } }
        for delivery in work.withLock({ $0.answered(message.id) }) { delivery.ack() }
    }

    private func survey(_ task: SurveyTask, _ id: String) -> [HostEvent] {
        let found = (0..<nature.files).map { SimulatedFile(number: $0).survey(on: name) }
        let pages = stride(from: 0, to: found.count, by: SurveyPage.mostFiles).map {
            Array(found[$0..<min($0 + SurveyPage.mostFiles, found.count)])
        }
        return pages.enumerated().map {
            .surveyPage(SurveyPage(task: id, job: task.job, page: $0, files: $1))
        } + [
            .surveyFinished(
                SurveyFinished(
                    task: id, job: task.job, pages: pages.count, files: found.count, matched: found.count,
                    problems: []))
        ]
    }

    private func run(_ task: SliceTask, _ id: String) async -> DefragResult {
        let file = SimulatedFile(path: task.path)
        let slice = RunningSlice(id, task, file, rate: file.rate(nature.fileTime))
        if work.withLock({ $0.begin(slice) }) { account.began(rack) }
        await withTaskCancellationHandler {
            await slice.sleep.value
        } onCancel: {
            slice.stop()
        }
        let result = slice.result
        let (isFirst, isLast) = work.withLock { $0.end(slice, result, of: nature.files) }
        if result.status == .done { account.reachedEnd(isFirst: isFirst) }
        if result.reason == .paused { account.wasPaused() }
        if isLast { account.ended(rack) }
        return result
    }

    // MARK: - Control

    /// Takes its desired state, until cancelled.
    func obey(_ deliveries: Deliveries) async {
        for await delivery in deliveries {
            if let desired = try? Contract.Message<DesiredState>(delivery).body,
                work.withLock({ $0.take(desired) })
            {
                mentionState()
            }
            delivery.ack()
        }
    }

    // MARK: - Events

    /// Publishes its state at every interval, until cancelled.
    func reportState() async {
        // Not all at the same moment.
        try? await Task.sleep(for: nature.stateInterval * Double.random(in: 0..<1))
        while !Task.isCancelled {
            mentionState()
            try? await Task.sleep(for: nature.stateInterval)
        }
    }

    private func mentionState() {
        let (desired, running) = work.withLock { ($0.desired, $0.progress) }
        mention(
            .hostState(
                HostState(
                    version: reflowVersion, kernel: "simulated", generation: desired.generation,
                    mode: desired.mode,
                    fileSystems: SimulatedFile.fileSystems(of: name).map {
                        .init(uuid: $0, mountPoint: "/srv/vm", size: .gibibytes(1024), free: .gibibytes(512))
                    }, running: running, uptime: 1, labels: ["rack": rack])))
    }

    /// Publishes the progress of its slices at every interval, if there are any, until cancelled.
    func reportProgress() async {
        guard let interval = nature.progressInterval else { return }
        try? await Task.sleep(for: interval * Double.random(in: 0..<1))
        while !Task.isCancelled {
            let running = work.withLock(\.progress)
            if !running.isEmpty { mention(.progress(HostProgress(running: running))) }
            try? await Task.sleep(for: interval)
        }
    }

    private func mention(_ event: HostEvent) {
        guard let (message, key) = message(event, isPersistent: false) else { return }
        connection.offer(message, key: key, exchange: ExchangeName.events, routingKey: key)
        account.said(event)
    }

    /// Publishes an answer. Returns whether the broker has taken it.
    private func answer(_ event: HostEvent) async -> Bool {
        guard let (message, key) = message(event, isPersistent: true) else { return false }
        while !Task.isCancelled {
            do {
                try await connection.publish(
                    message, exchange: ExchangeName.events, routingKey: key, mandatory: true)
                account.said(event)
                return true
            } catch {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        return false
    }

    private func message(_ event: HostEvent, isPersistent: Bool) -> (AMQP.Message, routingKey: String)? {
        let said = Contract.Message(source: EventAddress.source(name), body: event)
        guard var message = try? AMQP.Message(said) else { return nil }
        message.properties.isPersistent = isPersistent
        return (message, EventAddress.routingKey(name, type: event.type))
    }
}

extension HostTask {
    /// What it waits for: one at a time of each.
    var lane: String {
        switch self {
        case .survey: "surveys"
        case .slice(let slice): slice.fileSystem ?? ""
        }
    }
}
