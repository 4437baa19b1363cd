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

    /// What reaches the loop.
    private enum News: Sendable {
        case item(Feed.Item)
        case stop
    }

    /// Carries it out to its end.
    ///
    /// - Parameters:
    ///   - stops: yields whenever the operator wants no more slices to start; the second time, nothing is waited for.
    ///   - view: shows how it goes on.
    /// - Returns: what came of it.
    /// - Throws: ``AMQPError`` when its queue cannot be declared; what the store throws.
    func run(stops: some AsyncSequence<Void, Never> & Sendable, view: inout WatchView) async throws
        -> RunSummary
    {
        let log = Logger(label: "reflow") { _ in SwiftLogNoOpLogHandler() }
        let core = Core(
            store: try Store.inMemory(), fleet: Fleet(lostAfter: lostAfter, answerWithin: answerWithin),
            log: log)
        let (queue, bindings) = Topology.jobQueue(
            newMessageID(), hosts: spec.targets.hosts.compactMap { HostName($0) })
        _ = try await consuming.declare(queue)
        for binding in bindings { try await consuming.bind(queue: queue.name, binding) }
        let dispatcher = Dispatcher(
            core: core, publishing: publishing, consuming: consuming, mail: mail, log: log)
        let (news, continuation) = AsyncStream.makeStream(of: News.self)
        let feed = core.feed.subscribe()
        let id = try await core.begin(spec, by: "run")
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                defer { continuation.finish() }
                await dispatcher.run(from: [.queue(queue.name)])
            }
            group.addTask { for await item in feed.items { continuation.yield(.item(item)) } }
            group.addTask { for await _ in stops { continuation.yield(.stop) } }
            try await follow(news, id, core, &view)
        }
        await delete(queue)
        return try await core.summary(of: id)
    }

    /// Shows what happens until the rollout has ended, or the operator leaves.
    private func follow(_ news: AsyncStream<News>, _ id: String, _ core: Core, _ view: inout WatchView)
        async throws
    {
        var isStopping = false
        for await news in news {
            switch news {
            case .item(.event(let event)): try view.show(event)
            case .item(.rollout(let rollout)):
                try view.show(rollout)
                if rollout.phase.isEnded { return }
                guard rollout.pause == .unanswered, !isStopping else { break }
                // Nobody is there to resume it.
                isStopping = true
                view.note("no host has answered: ending")
                _ = try await core.drain(id, by: "run")
            case .item(.heartbeat): break
            case .stop where isStopping: return
            case .stop:
                isStopping = true
                view.note("stopping: waiting for the slices that are out; once more to leave at once")
                _ = try await core.drain(id, by: "run")
            }
        }
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
