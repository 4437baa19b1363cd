import ArgumentParser
import Contract
import DefragTypes
import ReflowAPI
import Rollout
import RolloutSpec

/// `reflow rollout pause`.
struct RolloutPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Send nothing more; what runs stops at the end of its chunk.",
        discussion: "  reflow rollout pause november")

    @Argument(help: .rollout, completion: .rollouts { !$0.phase.isEnded && $0.pause == nil })
    var rollout: RolloutArgument

    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let now: RolloutStatus = try await client.post("\(rollout.place)/pause")
            try tell(now, "is \(now.standing)")
        }
    }
}

/// `reflow rollout resume`.
struct RolloutResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a paused rollout. The failures so far are forgiven.",
        discussion: "  reflow rollout resume november")

    @Argument(help: .rollout, completion: .rollouts { $0.pause != nil })
    var rollout: RolloutArgument

    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let now: RolloutStatus = try await client.post("\(rollout.place)/resume")
            try tell(now, "goes on: \(now.standing)")
        }
    }
}

/// `reflow rollout cancel`.
struct RolloutCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End a rollout for good, leaving what is not done. Asks first.",
        discussion: """
            What runs stops at the end of its chunk; files keep what was achieved. It cannot be taken up again: another one, \
            started with the same specification, does what is left.

              reflow rollout cancel november --yes
            """)

    @Argument(help: .rollout, completion: .rollouts { !$0.phase.isEnded })
    var rollout: RolloutArgument

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let now: RolloutStatus = try await client.get(rollout.place)
            try confirmation.confirm(
                "Cancel \(now.id), \(Int(now.bytes.share * 100))% done on \(counted(now.hosts.total, "host")), for good?"
            )
            let ended: RolloutStatus = try await client.post("/v1/rollouts/\(percentEncoded(now.id))/cancel")
            try tell(ended, "is \(ended.standing)")
        }
    }
}

/// `reflow rollout retry`.
struct RolloutRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try files again that have failed: all, or those of a reason or host.",
        discussion: """
            They have all of their attempts again, and their failures are forgiven. A rollout that is completed with failures goes \
            on with them, under the same policy, windows and slots.

              reflow rollout retry november
              reflow rollout retry november --reason noAnswer --host alpha
            """)

    @Argument(help: .rollout, completion: .rollouts { $0.targets.failed > 0 })
    var rollout: RolloutArgument

    @Option(help: "Only files that have failed for this reason, as 'show --targets --state failed' has it.")
    var reason: String?

    @Option(help: "Only files of this host.", completion: .hosts, transform: HostName.argument)
    var host: HostName?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let retried: Retried = try await client.post(
                "\(rollout.place)/retry", [("reason", reason), ("host", host?.description)])
            try format.show(retried) { retried in
                "\(retried.rollout.id) tries \(counted(retried.files, "file")) again: \(retried.rollout.standing)"
            }
            noteTrouble(of: retried.rollout)
        }
    }
}

/// `reflow rollout set`.
struct RolloutSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a rollout's policy, also of what runs.",
        discussion: """
            Takes hold between two chunks. The settings are those of 'policy' in a specification: \
            \(PolicySetting.all.map(\.key).joined(separator: ", ")).

              reflow rollout set november maxPause=5ms duty=20%
            """)

    @Argument(help: .rollout, completion: .rollouts { !$0.phase.isEnded })
    var rollout: RolloutArgument

    @Argument(
        help: ArgumentHelp("What to set.", valueName: "key=value"),
        completion: .list(PolicySetting.all.map { "\($0.key)=" }))
    var settings: [String]

    @OptionGroup var coordinator: CoordinatorOptions

    func validate() throws {
        guard !settings.isEmpty else {
            throw ValidationError("Name at least one setting, such as maxPause=5ms.")
        }
        _ = try Self.texts(of: settings)
    }

    /// The settings by their keys, checked as the coordinator will check them.
    static func texts(of settings: [String]) throws -> [String: String] {
        let pairs = try settings.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ValidationError("'\(text)': write KEY=VALUE, such as maxPause=5ms.")
            }
            return (key: String(parts[0]), text: String(parts[1]))
        }
        do {
            _ = try PolicyOverrides(settings: pairs)
        } catch {
            throw ValidationError(error.problems.joined(separator: "\n"))
        }
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.text) })
    }

    func run() async throws {
        try await coordinator.ask { client in
            let now: RolloutStatus = try await client.patch(
                "\(rollout.place)/policy", json: try Self.texts(of: settings))
            try tell(now, "has \(settings.joined(separator: " ")) from now on")
        }
    }
}

/// Prints what a rollout is told, and whether its hosts can hear of it.
private func tell(_ rollout: RolloutStatus, _ words: String) throws {
    try say("\(rollout.id) \(words)")
    noteTrouble(of: rollout)
}

/// Says, while the broker is away, that the hosts of `rollout` have yet to hear of it.
func noteTrouble(of rollout: RolloutStatus) {
    if let trouble = rollout.brokerTrouble { note("\(trouble); hosts hear of it when it is back") }
}
