import Contract
import DefragTypes

/// One host of a rollout.
struct RolloutHostView: Codable, Hashable, Sendable {
    /// Its name.
    var name: HostName
    /// Where it stands.
    var phase: Phase
    /// Its labels when it was chosen.
    var labels: [String: String]
    /// Whether it is one of those that go first.
    var isCanary: Bool
    /// Whether it says that it is paused, by whomever.
    var isPaused: Bool
    /// Since when nothing is heard from it; `nil` while it is.
    var lostSince: Timestamp?
    /// Its files, by where they stand.
    var targets: RolloutView.Targets
    /// Its files, by size.
    var bytes: RolloutView.Bytes
    /// Extents of the files that have ended: before, and after.
    var extents: DefragResult.Change<Int>
    /// What could not be looked at, and why it was given up, in words.
    var problems: [String]

    /// Where a host stands.
    enum Phase: String, Codable, Hashable, Sendable {
        /// It was asked what it has.
        case surveying
        /// It waits for a slot.
        case waiting
        /// It has a slot.
        case active
        /// All of its targets have ended.
        case finished
        /// Nothing more is expected of it.
        case givenUp
    }
}

/// One file of a rollout.
struct TargetView: Codable, Hashable, Sendable {
    /// Its number in the rollout, from 0.
    var number: Int64
    /// Its host.
    var host: HostName
    /// Its path on the host.
    var path: String
    /// Its size when it was surveyed.
    var size: ByteCount
    /// Its extents when it was surveyed.
    var extents: Int
    /// Seconds for which reflink copies are to block writers less.
    var gainSeconds: Double
    /// Where it stands.
    var state: State
    /// Why, where it was skipped or has failed.
    var reason: Reason?
    /// When the next attempt is made, while it backs off.
    var notBefore: Timestamp?
    /// Where the next slice starts.
    var cursor: ByteCount
    /// Slices that were sent.
    var slices: Int
    /// All of its slices so far together; `nil` before the first answer.
    var result: DefragResult?

    /// Where a file stands.
    enum State: String, Codable, CaseIterable, Hashable, Sendable {
        /// Its next slice may be sent.
        case pending
        /// A slice is out.
        case inFlight
        /// An attempt failed; the next one waits.
        case backingOff
        /// Its end was reached.
        case done
        /// Left alone, or left half done, for a reason that is no failure.
        case skipped
        /// Given up.
        case failed
    }
}

/// Which targets are asked for.
struct TargetQuery: Hashable, Sendable {
    /// Only those that stand there.
    var state: TargetView.State?
    /// Only those of this host.
    var host: HostName?
    /// Only those with higher numbers.
    var after: Int64?
    /// Most targets of the page.
    var limit = 1000
}
