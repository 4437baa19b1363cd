import Hummingbird
import JSON
import NIOCore
import ReflowAPI
import Rollout

/// Server-sent events (HTML, "server-sent events"): first what was missed, then what happens.
///
/// An event of the log is called `event` and has its id, with which the stream can be taken up again. How a rollout is
/// now is called `rollout` and has none.
struct LiveStream<Core: Operations>: Sendable {
    let core: Core
    /// Which events; with `after`, also those that were missed since.
    let wanted: EventQuery
    let timing: StreamTiming

    /// Events that are read and sent at a time.
    private static var page: Int { 200 }

    /// The stream as a response. Throws if the rollout that is asked for is not there.
    func response(_ context: APIContext) async throws -> Response {
        // Asked before the answer begins: afterwards there is no way to say no.
        if let id = wanted.rollout { _ = try await core.rollout(id) }
        // What is not in the log yet has a higher id; one that is higher already is from another log.
        let newest = try await core.events(EventQuery(limit: 1)).last?.id ?? 0
        var reading = wanted
        (reading.after, reading.limit) = (min(wanted.after ?? newest, newest), Self.page)
        let channel = context.channel
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { [reading] writer in
                try await send(reading, to: &writer, channel)
                try await writer.finish(nil)
            })
    }

    private func send(
        _ reading: EventQuery, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        var reading = reading
        let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = core.feed.subscribe(where: isWanted) { waker.yield() }
        let beats = Task { [timing] in
            while !Task.isCancelled {
                try await Task.sleep(for: timing.heartbeat)
                waker.yield()
            }
        }
        defer {
            beats.cancel()
            subscription.cancel()
        }
        func write(_ text: String) async throws {
            // The writer waits for a reader that takes nothing; closing the connection ends that.
            let patience = TimeAmount(timing.patience)
            let end = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
            defer { end.cancel() }
            try await writer.write(ByteBuffer(string: text))
        }
        func writeEvents() async throws {
            while true {
                let page = try await core.events(reading)
                if !page.isEmpty { try await write(page.map { try Self.text(.event($0)) }.joined()) }
                guard page.count == Self.page, let last = page.last else {
                    reading.after = page.last?.id ?? reading.after
                    return
                }
                reading.after = last.id
            }
        }

        try await write(Self.signOfLife)
        // Asked after the subscription began, so that no change falls between the two; its end is the last that is told.
        let first = try await wanted.rollout.asyncMap(core.rollout)
        if let first, !first.phase.isEnded { try await write(Self.text(.rollout(first))) }
        try await writeEvents()
        if let first, first.phase.isEnded { try await write(Self.text(.rollout(first))) }
        for await _ in wakes {
            let news = subscription.take()
            if news.hasEvents { try await writeEvents() }
            for (_, rollout) in news.rollouts.sorted(by: { $0.key < $1.key }) {
                try await write(Self.text(.rollout(rollout)))
            }
            if news.isClosed { return }
            if news.isEmpty { try await write(Self.signOfLife) }
        }
    }

    private var isWanted: @Sendable (Feed.Item) -> Bool {
        var kind = wanted
        // Where to begin is no matter of what happens.
        kind.after = nil
        return { [kind] item in
            switch item {
            case .event(let event): kind.matches(event)
            case .rollout(let rollout):
                kind.rollout.map { $0 == rollout.id } ?? (kind.host == nil && kind.type == nil)
            }
        }
    }

    private static var signOfLife: String { ":\n\n" }

    /// An item as the stream has it.
    static func text(_ item: Feed.Item) throws -> String {
        switch item {
        case .event(let event): "id: \(event.id)\nevent: event\ndata: \(try JSONEncoder().text(event))\n\n"
        case .rollout(let rollout): "event: rollout\ndata: \(try JSONEncoder().text(rollout))\n\n"
        }
    }
}

/// How long streams wait.
struct StreamTiming: Hashable, Sendable {
    /// Pause between two signs of life.
    var heartbeat = Duration.seconds(15)
    /// A reader that takes nothing for so long is cut off.
    var patience = Duration.seconds(30)
}

extension Optional {
    /// `map` with a transformation that takes its time.
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async throws -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
