import ArgumentParser
import DefragTypes
import Foundation

/// `reflow rollout`: rollouts over the fleet.
struct RolloutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Plan, start, watch and steer rollouts over the fleet.",
        discussion: """
              reflow rollout plan november.yaml       what it would do, touching nothing
              reflow rollout start november.yaml
              reflow rollout watch ID
              reflow rollout set ID maxPause=5ms duty=20%
            """,
        subcommands: [
            RolloutPlan.self, RolloutStart.self, RolloutList.self, RolloutShow.self, RolloutWatchCommand.self,
            RolloutPause.self, RolloutResume.self, RolloutCancel.self, RolloutSet.self,
        ])
}

/// Reads a specification: a file, or `-` for stdin.
func specification(_ path: String) throws(Failure) -> String {
    let data =
        path == "-"
        ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
    guard let data else {
        throw Failure(.usage, "\(path) cannot be read: is it there, and may this user read it?")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
        throw Failure(.usage, "\(path) is not UTF-8")
    }
    return text
}

/// `reflow rollout plan`.
struct RolloutPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what a rollout would do, touching nothing.",
        discussion: """
            Surveys the hosts that the specification means, then shows the order, the canary, what there is to gain, the space \
            needed and the time.

              reflow rollout plan november.yaml
            """)

    @Argument(help: "The specification, or - for stdin.", completion: .file(extensions: ["yaml", "yml"]))
    var spec: String

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let started: Started = try await client.post("/v1/plans", spec: try specification(spec))
            let plan: PlanView = try await client.wait(for: "/v1/plans/\(started.id)") { plan in
                plan.isComplete ? nil : "\(plan.answered) hosts have answered"
            }
            try format.show(plan) { PlanText(plan: $0).text }
        }
    }
}

/// `reflow rollout start`.
struct RolloutStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Begin a rollout.",
        discussion: """
            Prints its id and returns: the coordinator carries it out. With --watch, stays and shows it.

              reflow rollout start november.yaml
            """)

    @Argument(help: "The specification, or - for stdin.", completion: .file(extensions: ["yaml", "yml"]))
    var spec: String

    @Flag(help: "Stay, and show how it goes on.")
    var watch = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let rollout: RolloutView = try await client.post("/v1/rollouts", spec: try specification(spec))
            try format.show(rollout) { rollout in
                "\(rollout.id) has begun" + (watch ? "" : "; see: reflow rollout watch \(rollout.id)")
            }
            if watch { try await watchToItsEnd(rollout.id, client) }
        }
    }
}

/// `reflow rollout list`.
struct RolloutList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List rollouts, the newest first.",
        discussion: "  reflow rollout list --output json | jq -r 'select(.pause) | .id'")

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let listing: Listing<RolloutView> = try await client.get("/v1/rollouts")
            try format.list(listing.items, Tables.rollouts)
        }
    }
}
