public import DefragTypes

/// The state that a host should be in: not a command. It lasts until a newer one arrives, restarts of the worker included; applied
/// between chunks.
public struct DesiredState: Codable, Hashable, Sendable {
    /// Grows with every change; an older one than the host already has is ignored.
    @Bounded<Generation> public var generation: Int64
    /// Whether the host may work.
    public var mode: Mode
    /// Overrides the policy of every slice.
    public var policy: PolicyOverrides
    /// An operator's brake, with a generation of its own: the host takes it whether or not it knows the rest. `nil` changes nothing,
    /// and before contract 1.2.
    public var hold: Hold?

    /// Whether a host may work.
    public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
        /// Tasks are carried out.
        case run
        /// Running slices end at their cursor, new ones are answered at once with the reason `paused`.
        case pause
    }

    /// A desired state.
    public init(
        generation: Int64, mode: Mode, policy: PolicyOverrides = PolicyOverrides(), hold: Hold? = nil
    ) {
        self.generation = generation
        self.mode = mode
        self.policy = policy
        self.hold = hold
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        _generation = try container.decode(Bounded.self, forKey: .generation)
        mode = try container.decode(Mode.self, forKey: .mode)
        policy = try container.decodeIfPresent(PolicyOverrides.self, forKey: .policy) ?? PolicyOverrides()
        hold = try container.decodeIfPresent(Hold.self, forKey: .hold)
    }

    /// Whether the host may work.
    public var mayWork: Bool { mode == .run && hold?.isHeld != true }

    /// Takes over what is newer in `other` at `now`, in milliseconds since 1970: the state by its generation, the hold by its own.
    /// Returns whether anything was.
    public mutating func take(_ other: DesiredState, at now: Int64 = Generation.now) -> Bool {
        let before = self
        if other.generation > generation(at: now) {
            (generation, mode, policy) = (other.generation, other.mode, other.policy)
        }
        if let newer = other.hold, newer.generation > Generation.standing(hold?.generation ?? 0, at: now) {
            hold = newer
        }
        return self != before
    }

    /// The desired state of a host that has received none yet.
    public static let initial = DesiredState(generation: 0, mode: .run)
}

extension DesiredState: MessageBody {
    private static let type = "reflow.control.desired"

    public var type: String { Self.type }

    public init(type: String, from decoder: any Decoder) throws {
        guard type == Self.type else {
            throw ContractError(.unknownType, "'\(type)' is not a control message that this program knows")
        }
        self = try DesiredState(from: decoder)
    }
}
