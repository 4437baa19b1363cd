public import Contract
public import DefragTypes
public import Rollout

/// How a rollout is now.
public struct RolloutStatus: Codable, Hashable, Sendable {
    /// Its id.
    public var id: String
    /// The specification's name.
    public var name: String
    /// Where it stands.
    public var phase: Rollout.Phase
    /// Why nothing is sent; `nil` if nothing holds it up.
    public var pause: Rollout.Pause?
    /// How far its strategy is.
    public var stage: Stage
    /// Whether hosts may work at this time of the week; `false` when it has ended.
    public var isOpen = false
    /// When the next maintenance window opens; `nil` while one is open, or without any.
    public var opensAt: Timestamp?
    /// Why the broker cannot be reached: figures are from before, and hosts hear of nothing until it is back; `nil` while it
    /// can.
    public var brokerTrouble: String?
    /// Why it is set aside: the coordinator goes on without it, until it is started again; `nil` if it is not.
    public var setAside: String?
    /// Hosts that it waits for, as they live but cannot consume their tasks; `nil` if there are none.
    public var deaf: Deaf?
    /// Hosts that it waits for, as operators hold them; `nil` if there are none.
    public var held: Held?
    /// Another rollout that is at work on all the hosts that it could go on with; `nil` if none is.
    public var waitsFor: Other?
    /// Another rollout of the same name that is under way; `nil` if none is.
    public var namesake: String?
    /// What the specification says of the policy, and what was set since.
    public var policy: PolicyOverrides
    public var overrides: PolicyOverrides
    /// When it was started.
    public var started: Timestamp
    /// When it ended; `nil` before.
    public var ended: Timestamp?
    /// Most hosts that may be at work now.
    public var slots = 0
    /// Its hosts, by where they stand.
    public var hosts = Hosts()
    /// Its files, by where they stand.
    public var targets = Targets()
    /// Failures since it was started or last resumed.
    public var failures: Int
    /// Failures that are put up with; `nil` for any number.
    public var allowedFailures: Int?
    /// Sizes of all files, and how much of that is behind it.
    public var bytes = Bytes()
    /// Extents of all its files: when they were surveyed, and as they were last seen.
    public var extents = DefragResult.Change(before: 0, after: 0)
    /// Longest time for which any file was locked, in milliseconds.
    public var longestPauseMs = 0.0
    /// How many of its pauses were longer than the policy wants; `nil` where no worker has told.
    public var pauses: Pauses?
    /// Bytes a second that it gets ahead now, all hosts together; `nil` where that cannot be told.
    public var bytesPerSecond: Double?
    /// Seconds that are left at that rate, not counting closed windows; `nil` where that cannot be told.
    public var secondsLeft: Double?
    /// Hosts that are at work, in the order of their names; at most ``mostWorking`` of them.
    public var working: [Working] = []

    /// How many hosts at most are told about one by one.
    public static let mostWorking = 50

    /// Another rollout.
    public struct Other: Codable, Hashable, Sendable {
        /// Its id.
        public var id: String
        /// Why it sends nothing; `nil` if nothing holds it up.
        public var pause: Rollout.Pause?

        public init(id: String, pause: Rollout.Pause? = nil) {
            (self.id, self.pause) = (id, pause)
        }
    }

    /// Hosts that cannot consume their tasks.
    public struct Deaf: Codable, Hashable, Sendable {
        /// One of them.
        public var name: HostName
        /// Why it cannot, as it says.
        public var why: String
        /// How many there are.
        public var count: Int

        public init(name: HostName, why: String, count: Int) {
            (self.name, self.why, self.count) = (name, why, count)
        }
    }

    /// Hosts that operators hold.
    public struct Held: Codable, Hashable, Sendable {
        /// One of them.
        public var name: HostName
        /// Who holds it, since when, and why.
        public var hold: Hold
        /// How many there are.
        public var count: Int

        public init(name: HostName, hold: Hold, count: Int) {
            (self.name, self.hold, self.count) = (name, hold, count)
        }
    }

    /// How far a strategy is.
    public struct Stage: Codable, Hashable, Sendable {
        /// Which one.
        public var name: Name
        /// Of a ramp: the step, from 1.
        public var step: Int?
        /// Of a ramp: how many steps it has.
        public var steps: Int?
        /// Of a soak: until when.
        public var until: Timestamp?

        /// Stages, in their order.
        public enum Name: String, Codable, CaseIterable, Hashable, Sendable {
            case canary, soak, ramp, full
        }
    }

    /// Hosts, by where they stand.
    public struct Hosts: Codable, Hashable, Sendable {
        public var total = 0
        public var surveying = 0
        public var waiting = 0
        public var active = 0
        public var finished = 0
        public var givenUp = 0
        /// Of those that have not ended: not heard for too long.
        public var lost = 0
    }

    /// Files, by where they stand.
    public struct Targets: Codable, Hashable, Sendable {
        public var total = 0
        public var pending = 0
        public var inFlight = 0
        public var backingOff = 0
        public var done = 0
        public var skipped = 0
        public var failed = 0

        /// How many have ended.
        public var ended: Int { done + skipped + failed }
    }

    /// How much of how much.
    public struct Bytes: Codable, Hashable, Sendable {
        /// Sizes of all files.
        public var total: ByteCount
        /// Up to the cursors, and files that have ended.
        public var behind: ByteCount

        public init(total: ByteCount = .zero, behind: ByteCount = .zero) {
            (self.total, self.behind) = (total, behind)
        }

        /// From 0 to 1.
        public var share: Double {
            total > .zero ? max(0, min(Double(behind.rawValue) / Double(total.rawValue), 1)) : 0
        }
    }

    /// Times for which files were locked.
    public struct Pauses: Codable, Hashable, Sendable {
        /// How many, as far as workers say how many were too long.
        public var count: Int
        /// How many were longer than `maxPause` at that time.
        public var over: Int

        public init(count: Int, over: Int) {
            (self.count, self.over) = (count, over)
        }
    }

    /// A host at work.
    public struct Working: Codable, Hashable, Sendable {
        /// Its name.
        public var name: HostName
        /// Whether it is not heard.
        public var isLost: Bool
        /// Whether it says that it is paused, by whomever.
        public var isPaused: Bool
        /// Whether that was by somebody else than the coordinator, such as `reflow control`.
        public var isPausedElsewhere: Bool
        /// An operator's hold on it; `nil` if none holds it.
        public var hold: Hold?
        /// Why it cannot consume its tasks, as it says; `nil` if it can.
        public var deaf: String?
        /// Seconds since anything was heard of the slice of which nothing was heard for the longest; `nil` below 30.
        public var silentSeconds: Double?
        /// Seconds for which it has had a slice that it has not begun, the longest of them; `nil` below 15.
        public var queuedSeconds: Double?
        /// Ids of the jobs, apart from this rollout, that it is at work for; `nil` if there are none.
        public var otherJobs: [String]?
        /// When the next attempt is made at a file that backs off; `nil` if none does.
        public var nextAttempt: Timestamp?
        /// Its files, by number.
        public var targets: Targets
        /// Its files, by size.
        public var bytes: Bytes
        /// The running slices, as it last said.
        public var running: [SliceProgress]

        public init(
            name: HostName, isLost: Bool, isPaused: Bool, isPausedElsewhere: Bool, hold: Hold? = nil,
            deaf: String? = nil, silentSeconds: Double? = nil, queuedSeconds: Double? = nil,
            otherJobs: [String]? = nil,
            nextAttempt: Timestamp? = nil, targets: Targets, bytes: Bytes, running: [SliceProgress]
        ) {
            (self.queuedSeconds, self.otherJobs) = (queuedSeconds, otherJobs)
            (self.name, self.isLost, self.hold, self.deaf) = (name, isLost, hold, deaf)
            (self.isPaused, self.isPausedElsewhere) = (isPaused, isPausedElsewhere)
            (self.silentSeconds, self.nextAttempt) = (silentSeconds, nextAttempt)
            (self.targets, self.bytes, self.running) = (targets, bytes, running)
        }
    }
}

extension RolloutStatus {
    /// What its state says of it; of what is counted, nothing.
    public init(id: String, state: Rollout.State, started: Timestamp, ended: Timestamp? = nil) {
        (self.id, name, self.started, self.ended) = (id, state.spec.name, started, ended)
        // That nothing will be done is for those that ask for plans.
        phase = state.phase == .planned ? .completed : state.phase
        (pause, stage) = (state.pause, Stage(state.stage, of: state.spec.strategy))
        (policy, overrides) = (state.spec.policy, state.overrides)
        failures = state.failures - state.forgiven
    }
}

extension RolloutStatus.Stage {
    init(_ stage: Rollout.Stage, of strategy: RolloutSpec.Strategy) {
        switch stage {
        case .canary: name = .canary
        case .soak(let end): (name, until) = (.soak, Timestamp(end))
        case .ramp(let place, _): (name, step, steps) = (.ramp, place + 1, strategy.ramp.count)
        case .full: name = .full
        }
    }
}

extension RolloutStatus.Hosts {
    public init(_ counts: [RolloutHost.Phase: Int], lost: Int) {
        total = counts.values.reduce(0, +)
        (surveying, waiting) = (counts[.surveying] ?? 0, counts[.waiting] ?? 0)
        (active, finished) = (counts[.active] ?? 0, counts[.finished] ?? 0)
        (givenUp, self.lost) = (counts[.givenUp] ?? 0, lost)
    }
}

extension RolloutStatus.Targets {
    public init(_ counts: [TargetPhase: Int]) {
        for (phase, count) in counts { add(phase, count) }
    }

    /// So many more stand there.
    public mutating func add(_ phase: TargetPhase, _ count: Int = 1) {
        total += count
        switch phase {
        case .pending: pending += count
        case .inFlight: inFlight += count
        case .backingOff: backingOff += count
        case .done: done += count
        case .skipped: skipped += count
        case .failed: failed += count
        }
    }
}
