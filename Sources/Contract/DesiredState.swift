public import DefragTypes

/// The state that a host should be in: not a command. It holds until a newer one arrives; applied between chunks.
public struct DesiredState: Codable, Hashable, Sendable {
    /// Grows with every change; an older one than the host already has is ignored.
    @Bounded<Generation> public var generation: Int64
    /// Whether the host may work.
    public var mode: Mode
    /// Overrides the policy of every slice.
    public var policy: PolicyOverrides

    /// Whether a host may work.
    public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
        /// Tasks are carried out.
        case run
        /// Running slices end at their cursor, new ones are answered at once with the reason `paused`.
        case pause
    }

    /// A desired state.
    public init(generation: Int64, mode: Mode, policy: PolicyOverrides = PolicyOverrides()) {
        self.generation = generation
        self.mode = mode
        self.policy = policy
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        _generation = try container.decode(Bounded.self, forKey: .generation)
        mode = try container.decode(Mode.self, forKey: .mode)
        policy = try container.decodeIfPresent(PolicyOverrides.self, forKey: .policy) ?? PolicyOverrides()
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
