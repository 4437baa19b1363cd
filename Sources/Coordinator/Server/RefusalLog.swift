import Hummingbird
import Logging
import NIOCore
import Settings
import Synchronization

/// Requests that were refused for want of a token or a role, as far as they were told: the first of a kind at once, those that
/// follow as a number with the next one after ``interval``. Anyone who tries tokens goes on trying.
struct RefusalCount {
    /// What is told apart.
    struct Subject: Hashable, Sendable {
        /// The name of the token, or of the socket's user; `nil` for a token that is not known.
        var who: String?
        /// From where, by TCP.
        var address: String?
        var why: String
    }

    private struct Entry {
        var since: ContinuousClock.Instant
        var untold = 0
    }

    private var entries: [Subject: Entry] = [:]

    /// Time in which those alike are told once.
    static let interval = Duration.seconds(600)
    /// Most subjects that are told apart; the others are one.
    static let most = 256

    /// Counts a refusal. Returns how many alike were not told before it, if it is to be told.
    mutating func add(_ subject: Subject, at now: ContinuousClock.Instant) -> Int? {
        if entries[subject] == nil, entries.count >= Self.most {
            entries = entries.filter { $0.value.since.duration(to: now) < Self.interval }
        }
        let subject =
            entries[subject] == nil && entries.count >= Self.most
            ? Subject(who: nil, address: nil, why: "among many others") : subject
        let before = entries[subject]
        if let before, before.since.duration(to: now) < Self.interval {
            entries[subject]?.untold += 1
            return nil
        }
        entries[subject] = Entry(since: now)
        return before?.untold ?? 0
    }
}

/// Tells of refused requests in the log and the audit.
final class RefusalLog: Sendable {
    private let count = Mutex(RefusalCount())
    private let logger: Logger
    private let audit: @Sendable (_ who: String, _ what: String, _ detail: [String: String]) async -> Void

    /// `audit` puts a refusal on record.
    init(
        logger: Logger,
        audit: @escaping @Sendable (_ who: String, _ what: String, _ detail: [String: String]) async -> Void
    ) {
        (self.logger, self.audit) = (logger, audit)
    }

    /// A request was refused.
    func add(_ who: String?, _ context: APIContext, _ request: Request, _ why: String) {
        let address = context.channel.remoteAddress?.ipAddress
        let subject = RefusalCount.Subject(who: who, address: address, why: why)
        guard let more = count.withLock({ $0.add(subject, at: .now) }) else { return }
        let what = "\(request.method.rawValue) \(shortened(request.uri.path, 200).plain)"
        var detail = ["why": why]
        detail["address"] = address
        if more > 0 { detail["before"] = "\(more) more like it" }
        var metadata: Logger.Metadata = ["who": "\(who ?? "unknown")", "request": "\(what)"]
        for (key, value) in detail { metadata[key] = "\(value)" }
        logger.warning("a request was refused", metadata: metadata)
        // Nobody waits for the store to be told no.
        Task { [audit, detail] in await audit(who ?? "unknown", what, detail) }
    }
}
