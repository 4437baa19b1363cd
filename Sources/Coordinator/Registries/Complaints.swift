import Contract
import Foundation

/// Something about a message that operators should know: it was not believed, not understood, or too much.
struct Complaint: Hashable, Sendable {
    /// Whose message, and what is wrong with it.
    struct Subject: Hashable, Sendable {
        /// The broker account that published it; `nil` if it said none.
        var account: String?
        /// The host that it speaks for.
        var host: HostName?
        var kind: Kind
    }

    /// What is wrong with a message.
    enum Kind: String, Hashable, Sendable {
        /// Not JSON within the limits, or out of bounds.
        case malformed
        /// Of another major version of the contract.
        case unsupportedVersion
        /// Larger than a message may be.
        case tooLarge
        /// Its account may not speak for its host.
        case notBelieved
        /// More than its sender's fair share.
        case overShare
        /// Understood, and could not be stored.
        case quarantined
        /// A dead letter.
        case deadLetter
    }

    var subject: Subject
    /// What is wrong, in words; of those alike the first is told.
    var detail: String
}

/// Complaints as far as they were told: the first of a kind at once, those that follow as a number, now and then. Whoever sends
/// what is refused goes on sending it, and hides nobody else's.
struct ComplaintRegistry {
    private struct Entry {
        /// How many were told one by one.
        var told = 0
        /// How many were not.
        var untold = 0
        /// When the first of these was counted.
        let since: Date
    }

    private var entries: [Complaint.Subject: Entry] = [:]

    /// Seconds after which those that were not told one by one are told as a number.
    static let interval: TimeInterval = 600
    /// Most subjects that are told apart.
    static let most = 4096
    /// Most subjects of one account.
    static let mostOfOne = 16

    /// Counts a complaint; returns what is to be told at once.
    mutating func add(_ complaint: Complaint, at now: Date) -> [Effect] {
        guard count(complaint.subject, 1, at: now) else { return [] }
        return [tell(complaint.subject, complaint.detail, at: now)]
    }

    /// Counts messages that were dropped unread.
    mutating func add(dropped: [Complaint.Subject: Int], at now: Date) -> [Effect] {
        dropped.flatMap { subject, number -> [Effect] in
            guard count(subject, number, at: now) else { return [] }
            return [
                tell(
                    subject,
                    "sends more than its share: what goes beyond it is dropped unread, answers that were asked for excepted",
                    at: now)
            ]
        }
    }

    /// Tells of those that were counted since the last account, and forgets those that have ended.
    mutating func tick(at now: Date) -> [Effect] {
        var effects: [Effect] = []
        for (subject, entry) in entries where abs(now.timeIntervalSince(entry.since)) >= Self.interval {
            entries[subject] = nil
            guard entry.untold > 0 else { continue }
            effects.append(
                tell(subject, "\(entry.untold) more in \(Int(Self.interval / 60)) minutes", at: now))
            // It is known: what follows is counted again.
            entries[subject] = Entry(told: .max, since: now)
        }
        return effects
    }

    /// Returns whether it is to be told at once.
    private mutating func count(_ subject: Complaint.Subject, _ number: Int, at now: Date) -> Bool {
        if entries[subject] == nil {
            guard entries.count < Self.most,
                entries.keys.count(where: { $0.account == subject.account }) < Self.mostOfOne
            else { return false }
            entries[subject] = Entry(since: now)
        }
        let isTold = entries[subject]?.told ?? .max < subject.kind.mostTold
        entries[subject]?.told += isTold ? 1 : 0
        entries[subject]?.untold += isTold ? number - 1 : number
        return isTold
    }

    private func tell(_ subject: Complaint.Subject, _ detail: String, at now: Date) -> Effect {
        let who = [
            subject.host.map { "host \($0)" }, subject.account.map { "account '\($0)'" },
        ].compactMap(\.self).joined(separator: ", ")
        let type = subject.kind == .deadLetter ? "message.dead" : "message.ignored"
        return .tell(
            type,
            "\(who.isEmpty ? "somebody" : who): \(subject.kind.words) (\(subject.kind.rawValue)): \(detail)",
            host: subject.host,
            at: now)
    }
}

extension Complaint.Kind {
    /// How many alike are told one by one.
    fileprivate var mostTold: Int { self == .deadLetter ? 10 : 1 }

    fileprivate var words: String {
        switch self {
        case .malformed, .unsupportedVersion: "refused a message that is not understood"
        case .tooLarge: "refused a message that is too large"
        case .notBelieved: "refused a message that is not believed"
        case .overShare: "dropped messages"
        case .quarantined: "set aside a message"
        case .deadLetter: "kept a message that could not be handled"
        }
    }
}
