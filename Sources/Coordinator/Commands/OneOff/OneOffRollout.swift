import AMQP
import BrokerKit
import Contract
import DefragTypes
import Foundation
import Logging
import ReflowAPI
import Rollout

/// `reflow run` without its command line: a rollout in the foreground, of a core whose store ends with the process.
struct OneOffRollout {
    let spec: RolloutSpec
    /// Seconds of silence after which a host that was heard is given up, and one that was not.
    let lostAfter: TimeInterval
    let answerWithin: TimeInterval
    /// Connections that are up.
    let publishing: Connection
    let consuming: Connection
    let mail: HostMail

    /// What it is remembered in.
    var store: @Sendable () throws -> Store = { try Store.inMemory() }

    /// How long the broker may be away before the job is left.
    var brokerPatience = Duration.seconds(600)

    /// What reaches the loop.
    private enum Signal: Sendable {
        /// There is something to take from the feed.
        case news
        /// The operator wants no more slices to start; the second time, nothing is waited for.
        case stop
        /// The core or its link to the broker has failed.
        case failed(any Error)
    }

    /// Carries it out to its end.
    ///
    /// - Parameters:
    ///   - stops: yields whenever the operator wants no more slices to start; the second time, nothing is waited for.
    ///   - view: shows how it goes on.
    /// - Returns: what came of it.
    /// - Throws: ``AMQPError`` when its queue cannot be declared; what the store throws; ``OperationError``.
    func run(stops: some AsyncSequence<Void, Never> & Sendable, view: inout WatchView) async throws
        -> RunSummary
    {
        let (queue, bindings) = Topology.jobQueue(
            newMessageID(), hosts: spec.targets.hosts.compactMap { HostName($0) })
        _ = try await consuming.declare(queue)
        let summary: RunSummary
        do {
            for binding in bindings { try await consuming.bind(queue: queue.name, binding) }
            summary = try await carryOut(from: queue, stops, &view)
        } catch {
            await delete(queue)
            throw error
        }
        await delete(queue)
        return summary
    }

    private func carryOut(
        from queue: QueueDefinition, _ stops: some AsyncSequence<Void, Never> & Sendable,
        _ view: inout WatchView
    ) async throws -> RunSummary {
        let log = Logger(label: "reflow") { _ in SwiftLogNoOpLogHandler() }
        let job = JobID()
        let core = Core(
            store: try store(), fleet: Fleet(lostAfter: lostAfter, answerWithin: answerWithin), job: job,
            log: log)
        let dispatcher = Dispatcher(
            core: core, publishing: publishing, consuming: consuming, mail: mail, log: log)
        let (signals, continuation) = AsyncStream.makeStream(of: Signal.self)
        let feed = core.feed.subscribe { continuation.yield(.news) }
        let id = try await core.begin(spec, id: job.description, by: "run")
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                await dispatcher.run(from: [.queue(queue.name)])
                continuation.finish()
            }
            group.addTask { for await _ in stops { continuation.yield(.stop) } }
            try await follow(signals, feed, id, core, &view)
        }
        return try await core.summary(of: id)
    }

    /// Shows what happens until the rollout has ended, or is left.
    private func follow(
        _ signals: AsyncStream<Signal>, _ feed: Feed.Subscription, _ id: String, _ core: Core,
        _ view: inout WatchView
    ) async throws {
        var reading = EventQuery(after: 0, limit: 200)
        var isStopping = false
        var wasReached = false
        var awaySince: ContinuousClock.Instant?
        for await signal in signals {
            switch signal {
            case .news:
                let news = feed.take()
                while news.hasEvents, let last = try await show(core.events(reading), &view) {
                    reading.after = last
                }
                guard let rollout = news.rollouts[id] else { continue }
                // That its queue is not consumed yet is no trouble to show: it takes a moment.
                wasReached = wasReached || rollout.brokerTrouble == nil
                if wasReached || rollout.phase.isEnded { try view.show(rollout) }
                if rollout.phase.isEnded { return }
                if let why = rollout.pause?.hopelessness, !isStopping {
                    // Nobody is there to resume it.
                    isStopping = true
                    view.note("\(why): ending")
                    try await drain(id, core)
                }
                guard let trouble = rollout.brokerTrouble else {
                    awaySince = nil
                    continue
                }
                let since = awaySince ?? .now
                awaySince = since
                guard isStopping || since.duration(to: .now) >= brokerPatience else { continue }
                view.note("\(trouble); leaving: the hosts end their slices by themselves")
                return
            case .stop where isStopping: return
            case .stop:
                isStopping = true
                view.note("stopping: waiting for the slices that are out; once more to leave at once")
                try await drain(id, core)
            case .failed(let error): throw error
            }
        }
    }

    /// Sends nothing more. It may have ended by itself meanwhile, which is told next.
    private func drain(_ id: String, _ core: Core) async throws {
        do { _ = try await core.drain(id, by: "run") } catch OperationError.conflict {}
    }

    /// Shows a page of events; returns the last one's id, if there is one.
    ///
    /// - Throws: ``Failure`` when the rollout was set aside: it does not end any more.
    private func show(_ page: [LoggedEvent], _ view: inout WatchView) throws -> Int64? {
        for event in page {
            try view.show(event)
            if event.type == "rollout.setAside" {
                throw Failure(
                    .failed,
                    "the job is left, as its state cannot be kept; the hosts end their slices by themselves")
            }
        }
        return page.last?.id
    }

    /// Best effort, and not for long: the broker deletes it by itself once nobody has used it for a while.
    private func delete(_ queue: QueueDefinition) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await consuming.delete(queue: queue.name) }
            group.addTask { try? await Task.sleep(for: .seconds(2)) }
            await group.next()
            group.cancelAll()
        }
    }
}

extension Rollout.Pause {
    /// Why nobody will ever answer, where that is so.
    fileprivate var hopelessness: String? {
        switch self {
        case .unanswered: "no host has answered"
        case .undeliverable: "nothing could be delivered to any host"
        case .operator, .errorBudget: nil
        }
    }
}
