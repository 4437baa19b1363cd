import Contract
import Rollout
import Synchronization

/// Decides which messages are looked at: what a sender says beyond its fair share is dropped before it is decoded, and counted.
/// So a flood of one host costs the others little.
final class Admission: Sendable {
    /// What a sender may say in a second, and at once after a silence.
    struct Share: Hashable, Sendable {
        var bytes: TokenBucket.Rate
        var messages: TokenBucket.Rate

        /// Of what nobody asked for: a host's state every 10 s and its progress every second are some 2 KiB each.
        static let unasked = Share(
            bytes: .init(perSecond: 262_144, burst: 4_194_304), messages: .init(perSecond: 50, burst: 500))
        /// Of answers that do not say to what (before contract 1.2), while something is asked of the host: a survey of 20,000
        /// files is some 20 MB.
        static let unmarkedAnswers = Share(
            bytes: .init(perSecond: 8_388_608, burst: 67_108_864),
            messages: .init(perSecond: 1000, burst: 5000))
        /// Of answers to somebody else's tasks, which are not looked at: as much as the answer to a survey may be.
        static let foreign = Share(
            bytes: .init(perSecond: 8_388_608, burst: Double(Allowance.survey.bytes)),
            messages: .init(perSecond: 1000, burst: Double(Allowance.survey.messages)))
    }

    /// What is known of a message before it is decoded.
    struct Head: Sendable {
        var sender: HostMail.Sender
        var routingKey: String
        /// The task that it says it answers (from contract 1.2 on).
        var task: String?
        var bytes: Int
        /// The broker delivers it again, and nobody has published it again.
        var isRedelivered = false
    }

    /// All that the answer to one task may be: more than that is said twice, or was not asked for.
    struct Allowance: Hashable, Sendable {
        var messages: Int
        var bytes: Int

        /// A message, and again for each time that the task was delivered again.
        static let slice = Allowance(messages: 16, bytes: 16 << 20)
        /// A page a file at worst, and its end; as large as what is read of it, twice.
        static let survey = Allowance(
            messages: 2 * SurveyTask.mostFiles, bytes: 2 * SurveyIntake.mostBytes)
    }

    private struct Answer: Hashable {
        var host: HostName
        var task: String
        var ofSurvey: Bool
    }

    private struct Key: Hashable {
        var sender: HostMail.Sender
        var share: Share
    }

    private struct Buckets {
        var bytes: TokenBucket
        var messages: TokenBucket
    }

    private struct State {
        var buckets: [Key: Buckets] = [:]
        /// What is left of the answers that are awaited, of those that have begun.
        var left: [Answer: Allowance] = [:]
        var dropped: [Complaint.Subject: Int] = [:]
    }

    private let state = Mutex(State())

    /// Whether a message is looked at. Answers that were asked for always are, as far as an answer goes, and so is what the
    /// broker itself has moved.
    func admits(_ head: Head, _ awaited: AwaitedTasks, at now: ContinuousClock.Instant) -> Bool {
        guard !head.sender.isOwn else { return true }
        guard let host = head.sender.host, let ofSurvey = EventAddress.isOfSurvey(answer: head.routingKey)
        else { return admits(head.sender, bytes: head.bytes, .unasked, at: now) }
        // An answer to somebody else, who hears it, too, is no flood, as far as there is so much to hear.
        if let task = head.task, awaited.isForeign(task) {
            _ = admits(head.sender, bytes: head.bytes, .foreign, at: now)
            return false
        }
        guard awaited.isAwaited(head.task, of: host, isSurvey: ofSurvey) else {
            return admits(head.sender, bytes: head.bytes, .unasked, at: now)
        }
        guard let task = head.task else {
            return admits(head.sender, bytes: head.bytes, .unmarkedAnswers, at: now)
        }
        let answer = Answer(host: host, task: AwaitedTasks.base(task), ofSurvey: ofSurvey)
        return head.isRedelivered || takes(answer, head.bytes)
            || admits(head.sender, bytes: head.bytes, .unasked, at: now)
    }

    /// Whether it fits into what is left of an answer.
    private func takes(_ answer: Answer, _ bytes: Int) -> Bool {
        state.withLock { state in
            var left = state.left[answer] ?? (answer.ofSurvey ? .survey : .slice)
            guard left.messages > 0, left.bytes >= bytes else { return false }
            left.messages -= 1
            left.bytes -= bytes
            state.left[answer] = left
            return true
        }
    }

    /// Whether a message of `bytes` is within a share.
    func admits(_ sender: HostMail.Sender, bytes: Int, _ share: Share, at now: ContinuousClock.Instant)
        -> Bool
    {
        let key = Key(sender: sender, share: share)
        return state.withLock { state in
            var buckets =
                state.buckets[key]
                ?? Buckets(
                    bytes: TokenBucket(share.bytes, at: now), messages: TokenBucket(share.messages, at: now))
            let isAdmitted = buckets.messages.has(1, at: now) && buckets.bytes.has(bytes, at: now)
            if isAdmitted {
                buckets.messages.take(1)
                buckets.bytes.take(bytes)
            } else {
                let subject = Complaint.Subject(
                    account: sender.account, host: sender.host, kind: .overShare)
                state.dropped[subject, default: 0] += 1
            }
            state.buckets[key] = buckets
            return isAdmitted
        }
    }

    /// Messages that were dropped since this was last asked.
    func takeDropped() -> [Complaint.Subject: Int] {
        state.withLock { state in
            defer { state.dropped = [:] }
            return state.dropped
        }
    }

    /// Forgets answers that are not awaited any more, and those who have been silent for so long that their shares are whole again.
    func forget(_ awaited: AwaitedTasks, at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.left = state.left.filter { awaited.isAwaited($0.key.task, of: $0.key.host) }
            state.buckets = state.buckets.filter {
                !$0.value.bytes.isFull(at: now) || !$0.value.messages.isFull(at: now)
            }
        }
    }
}

extension EventAddress {
    /// Whether it is a survey that a message with this routing key answers; `nil` if it answers nothing.
    fileprivate static func isOfSurvey(answer routingKey: String) -> Bool? {
        let type = Substring(routingKey.utf8.drop { $0 != UInt8(ascii: ".") })
        if type.hasPrefix(".reflow.slice.") { return false }
        return type.hasPrefix(".reflow.survey.") ? true : nil
    }
}
