import Contract
import DefragTypes

/// How a rollout is now.
struct RolloutView: Codable, Hashable, Sendable {
    /// Its id.
    var id: String
    /// The specification's name.
    var name: String
    /// Where it stands.
    var phase: Phase
    /// Why nothing is sent; `nil` if nothing holds it up.
    var pause: Pause?
    /// How far its strategy is.
    var stage: Stage
    /// Whether hosts may work at this time of the week; `false` when it has ended.
    var isOpen: Bool
    /// When the next maintenance window opens; `nil` while one is open, or without any.
    var opensAt: Timestamp?
    /// Why the broker cannot be reached: figures are from before, and hosts hear of nothing until it is back; `nil` while it
    /// can.
    var brokerTrouble: String?
    /// Another rollout that is at work on all the hosts that it could go on with; `nil` if none is.
    var waitsFor: Other?
    /// What the specification says of the policy, and what was set since.
    var policy: PolicyOverrides
    var overrides: PolicyOverrides
    /// When it was started.
    var started: Timestamp
    /// When it ended; `nil` before.
    var ended: Timestamp?
    /// Most hosts that may be at work now.
    var slots: Int
    /// Its hosts, by where they stand.
    var hosts: Hosts
    /// Its files, by where they stand.
    var targets: Targets
    /// Failures since it was started or last resumed.
    var failures: Int
    /// Failures that are put up with; `nil` for any number.
    var allowedFailures: Int?
    /// Sizes of all files, and how much of that is behind it.
    var bytes: Bytes
    /// Extents of the files that have ended: before, and after.
    var extents: DefragResult.Change<Int>
    /// Longest time for which any file was locked, in milliseconds.
    var longestPauseMs: Double
    /// Bytes a second that it gets ahead now, all hosts together; `nil` where that cannot be told.
    var bytesPerSecond: Double?
    /// Seconds that are left at that rate, not counting closed windows; `nil` where that cannot be told.
    var secondsLeft: Double?
    /// Hosts that are at work, in the order of their names; at most ``mostWorking`` of them.
    var working: [Working]

    /// How many hosts at most are told about one by one.
    static let mostWorking = 50

    /// Where a rollout stands.
    enum Phase: String, Codable, Hashable, Sendable {
        /// Hosts are asked what they have.
        case surveying
        /// Slots are given, slices are sent.
        case running
        /// No more slices are sent; those that are out are waited for.
        case cancelling
        /// Ended before everything was done.
        case cancelled
        /// Every target has ended.
        case completed

        /// Whether nothing more will happen.
        var isEnded: Bool { self == .cancelled || self == .completed }
    }

    /// Another rollout.
    struct Other: Codable, Hashable, Sendable {
        /// Its id.
        var id: String
        /// Why it sends nothing; `nil` if nothing holds it up.
        var pause: Pause?
    }

    /// Why nothing is sent.
    enum Pause: String, Codable, Hashable, Sendable {
        /// An operator wants it.
        case `operator`
        /// One failure more than the budget allows.
        case errorBudget
        /// No host has answered: the answers do not arrive.
        case unanswered
    }

    /// How far a strategy is.
    struct Stage: Codable, Hashable, Sendable {
        /// Which one.
        var name: Name
        /// Of a ramp: the step, from 1.
        var step: Int?
        /// Of a ramp: how many steps it has.
        var steps: Int?
        /// Of a soak: until when.
        var until: Timestamp?

        /// Stages, in their order.
        enum Name: String, Codable, Hashable, Sendable {
            case canary, soak, ramp, full
        }
    }

    /// Hosts, by where they stand.
    struct Hosts: Codable, Hashable, Sendable {
        var total = 0
        var surveying = 0
        var waiting = 0
        var active = 0
        var finished = 0
        var givenUp = 0
        /// Of those that have not ended: not heard for too long.
        var lost = 0
    }

    /// Files, by where they stand.
    struct Targets: Codable, Hashable, Sendable {
        var total = 0
        var pending = 0
        var inFlight = 0
        var backingOff = 0
        var done = 0
        var skipped = 0
        var failed = 0

        /// How many have ended.
        var ended: Int { done + skipped + failed }
    }

    /// How much of how much.
    struct Bytes: Codable, Hashable, Sendable {
        /// Sizes of all files.
        var total = ByteCount.zero
        /// Up to the cursors, and files that have ended.
        var behind = ByteCount.zero

        /// From 0 to 1.
        var share: Double {
            total > .zero ? min(Double(behind.rawValue) / Double(total.rawValue), 1) : 0
        }
    }

    /// A host at work.
    struct Working: Codable, Hashable, Sendable {
        /// Its name.
        var name: HostName
        /// Whether it is not heard.
        var isLost: Bool
        /// Whether it says that it is paused, by whomever.
        var isPaused: Bool
        /// Whether that was by somebody else than the coordinator, such as `reflow control`.
        var isPausedElsewhere: Bool
        /// Its files, by number.
        var targets: Targets
        /// Its files, by size.
        var bytes: Bytes
        /// The running slices, as it last said.
        var running: [SliceProgress]
    }
}
