import ArgumentParser
import DefragTypes

/// `reflow rollout pause`.
struct RolloutPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Send nothing more; what runs stops at the end of its chunk.",
        discussion: "  reflow rollout pause november-1")

    @Argument(help: "The rollout's id.", completion: .rollouts { !$0.phase.isEnded && $0.pause == nil })
    var id: String

    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let rollout: RolloutView = try await client.post("/v1/rollouts/\(percentEncoded(id))/pause")
            print("\(rollout.id) is \(rollout.standing)")
        }
    }
}

/// `reflow rollout resume`.
struct RolloutResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a paused rollout. The failures so far are forgiven.",
        discussion: "  reflow rollout resume november-1")

    @Argument(help: "The rollout's id.", completion: .rollouts { $0.pause != nil })
    var id: String

    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let rollout: RolloutView = try await client.post("/v1/rollouts/\(percentEncoded(id))/resume")
            print("\(rollout.id) goes on: \(rollout.standing)")
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

              reflow rollout cancel november-1 --yes
            """)

    @Argument(help: "The rollout's id.", completion: .rollouts { !$0.phase.isEnded })
    var id: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let place = "/v1/rollouts/\(percentEncoded(id))"
            let now: RolloutView = try await client.get(place)
            try confirmation.confirm(
                "Cancel \(now.id), \(Int(now.bytes.share * 100))% done on \(now.hosts.total) hosts, for good?"
            )
            let rollout: RolloutView = try await client.post("\(place)/cancel")
            print("\(rollout.id) is \(rollout.standing)")
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

              reflow rollout set november-1 maxPause=5ms duty=20%
            """)

    @Argument(help: "The rollout's id.", completion: .rollouts { !$0.phase.isEnded })
    var id: String

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
        var texts: [String: String] = [:]
        var overrides = PolicyOverrides()
        for text in settings {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            guard parts.count == 2, let setting = PolicySetting.all.first(where: { $0.key == parts[0] })
            else {
                let keys = PolicySetting.all.map(\.key).joined(separator: ", ")
                throw ValidationError("'\(text)' is no key=value; keys are \(keys).")
            }
            do {
                try setting.set(parts[1], in: &overrides)
            } catch {
                throw ValidationError(error.message)
            }
            guard texts.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw ValidationError("\(parts[0]) is given twice.")
            }
        }
        return texts
    }

    func run() async throws {
        try await coordinator.ask { client in
            let rollout: RolloutView = try await client.patch(
                "/v1/rollouts/\(percentEncoded(id))/policy", json: try Self.texts(of: settings))
            print("\(rollout.id) has \(settings.joined(separator: " ")) from now on")
        }
    }
}
