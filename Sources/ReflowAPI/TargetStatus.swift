public import Contract
public import DefragTypes
public import Rollout

/// One file of a rollout.
public struct TargetStatus: Codable, Hashable, Sendable {
    /// Its number in the rollout, from 0.
    public var number: Int64
    /// Its host.
    public var host: HostName
    /// Its path on the host.
    public var path: String
    /// Its size when it was surveyed.
    public var size: ByteCount
    /// Its extents when it was surveyed.
    public var extents: Int
    /// Seconds for which reflink copies are to block writers less.
    public var gainSeconds: Double
    /// Where it stands.
    public var state: TargetPhase
    /// Why, where it was skipped, has failed or backs off.
    public var reason: Reason?
    /// Attempts since the last headway that came to nothing; `nil` if none did.
    public var failedAttempts: Int?
    /// When the next attempt is made, while it backs off.
    public var notBefore: Timestamp?
    /// Where the next slice starts.
    public var cursor: ByteCount
    /// Slices that were sent.
    public var slices: Int
    /// All of its slices so far together; `nil` before the first answer.
    public var result: DefragResult?
}

extension TargetStatus {
    /// A file of which no slice was sent yet.
    public init(
        number: Int64, host: HostName, path: String, size: ByteCount, extents: Int, gainSeconds: Double
    ) {
        (self.number, self.host, self.path) = (number, host, path)
        (self.size, self.extents, self.gainSeconds) = (size, extents, gainSeconds)
        (state, cursor, slices) = (.pending, .zero, 0)
    }
}

/// Where a file stands, without its circumstances.
public enum TargetPhase: String, Codable, CaseIterable, Hashable, Sendable {
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

    public init(_ state: Target.State) {
        self =
            switch state {
            case .pending: .pending
            case .inFlight: .inFlight
            case .backingOff: .backingOff
            case .done: .done
            case .skipped: .skipped
            case .failed: .failed
            }
    }

    /// Whether nothing more will be done with it.
    public var isEnded: Bool { [.done, .skipped, .failed].contains(self) }
}

/// Which targets are asked for.
public struct TargetQuery: Hashable, Sendable {
    /// Only those that stand there.
    public var state: TargetPhase?
    /// Only those of this host.
    public var host: HostName?
    /// Only those with higher numbers.
    public var after: Int64?
    /// Most targets of the page.
    public var limit: Int

    public init(
        state: TargetPhase? = nil, host: HostName? = nil, after: Int64? = nil, limit: Int = 1000
    ) {
        (self.state, self.host, self.after, self.limit) = (state, host, after, limit)
    }
}
