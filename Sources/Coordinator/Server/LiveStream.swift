import Hummingbird
import JSON
import NIOCore
import ReflowAPI

/// Server-sent events (HTML, "server-sent events"): first what was missed, then what happens.
///
/// An event of the log is called `event` and has its id, with which the stream can be taken up again. How a rollout is
/// now is called `rollout` and has none.
struct LiveStream<Core: Operations>: Sendable {
    let core: Core
    /// Which events; with `after`, also those that were missed since.
    let wanted: EventQuery
    /// Pause between two signs of life.
    let heartbeat: Duration

    /// A reader that takes nothing for so long is cut off.
    private static var patience: TimeAmount { .seconds(30) }

    /// The stream as a response. Throws if the rollout that is asked for is not there.
    func response(_ context: APIContext) async throws -> Response {
        // Asked before the answer begins: afterwards there is no way to say no.
        let first = try await wanted.rollout.asyncMap(core.rollout)
        let channel = context.channel
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await send(first, to: &writer, channel)
                try await writer.finish(nil)
            })
    }

    private func send(
        _ first: RolloutStatus?, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        // Listening begins before the log is read: nothing falls between the two.
        let subscription = core.feed.subscribe(where: isWanted)
        let beats = Task { [heartbeat] in
            while !Task.isCancelled {
                try await Task.sleep(for: heartbeat)
                subscription.beat()
            }
        }
        defer {
            beats.cancel()
            subscription.cancel()
        }
        func write(_ item: Feed.Item) async throws {
            // The writer waits for a reader that takes nothing; closing the connection ends that.
            let end = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
            defer { end.cancel() }
            try await writer.write(ByteBuffer(string: try Self.text(item)))
        }

        try await write(.heartbeat)
        if let first { try await write(.rollout(first)) }
        var sent: Int64?
        if wanted.after != nil {
            var missed = wanted
            missed.limit = 1000
            while true {
                let page = try await core.events(missed)
                for event in page { try await write(.event(event)) }
                guard let last = page.last else { break }
                sent = last.id
                missed.after = last.id
            }
        }
        for await item in subscription.items {
            if case .event(let event) = item, let sent, event.id <= sent { continue }
            try await write(item)
        }
    }

    private var isWanted: @Sendable (Feed.Item) -> Bool {
        var kind = wanted
        // What was missed is asked of the log: what happens from now on is new, even to one who knows another log.
        kind.after = nil
        return { [kind] item in
            switch item {
            case .event(let event): kind.matches(event)
            case .rollout(let rollout):
                kind.rollout.map { $0 == rollout.id } ?? (kind.host == nil && kind.type == nil)
            case .heartbeat: true
            }
        }
    }

    /// An item as the stream has it.
    static func text(_ item: Feed.Item) throws -> String {
        switch item {
        case .event(let event): "id: \(event.id)\nevent: event\ndata: \(try JSONEncoder().text(event))\n\n"
        case .rollout(let rollout): "event: rollout\ndata: \(try JSONEncoder().text(rollout))\n\n"
        case .heartbeat: ":\n\n"
        }
    }
}

extension Optional {
    /// `map` with a transformation that takes its time.
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async throws -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
