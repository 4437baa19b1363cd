import ArgumentParser
import DefragTypes
import Foundation
import ReflowAPI

/// `reflow rollout`: rollouts over the fleet.
struct RolloutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Plan, start, watch and steer rollouts over the fleet.",
        discussion: """
              reflow rollout plan november.yaml       what it would do, touching nothing
              reflow rollout start november.yaml
              reflow rollout watch november           by its name, or by its id
              reflow rollout set november maxPause=5ms duty=20%
            """,
        subcommands: [
            RolloutPlan.self, RolloutStart.self, RolloutList.self, RolloutShow.self, RolloutWatchCommand.self,
            RolloutPause.self, RolloutResume.self, RolloutCancel.self, RolloutRetry.self, RolloutSet.self,
        ])
}

/// `reflow rollout plan`.
struct RolloutPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what a rollout would do, touching nothing.",
        discussion: """
            Surveys the hosts that the specification means, then shows the order, the canary, what there is to gain, the space \
            needed and the time. Exit status 1: a host did not answer, something could not be looked at, or no file matches.

              reflow rollout plan november.yaml
            """)

    @Argument(help: "The specification, or - for stdin.", completion: .file(extensions: ["yaml", "yml"]))
    var spec: String

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let started: Started = try await client.post("/v1/plans", spec: try specification(spec))
            let plan: PlanStatus = try await client.wait(for: "/v1/plans/\(started.id)") { plan in
                plan.isComplete ? nil : "\(counted(plan.answered, "host")) answered"
            }
            let text = PlanText(plan: plan)
            try format.show(plan) { _ in text.text }
            if text.exitStatus != .success { throw text.exitStatus.exitCode }
        }
    }
}

/// `reflow rollout start`.
struct RolloutStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Begin a rollout.",
        discussion: """
            Prints its id and returns: the coordinator carries it out. With --watch, stays and shows it as 'watch' does. Where a \
            rollout of that name is under way, asks first.

              reflow rollout start november.yaml
            """)

    @Argument(help: "The specification, or - for stdin.", completion: .file(extensions: ["yaml", "yml"]))
    var spec: String

    @Flag(help: "Stay, and show how it goes on.")
    var watch = false

    @Flag(help: "Do not ask where a rollout of that name is under way.")
    var again = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let text = try specification(spec)
            // Before it begins: it may be over before anybody watches.
            let newest = watch ? try await client.newestEvent() : nil
            let rollout = try await start(text, client)
            try format.show(rollout) { rollout in
                "\(rollout.id) has begun" + (watch ? "" : "; see: reflow rollout watch \(rollout.id)")
            }
            if let other = rollout.namesake {
                note(
                    "another rollout called '\(rollout.name)' is under way: \(other). 'reflow rollout cancel' ends one"
                )
            }
            guard watch else { return noteTrouble(of: rollout) }
            try await watchToItsEnd(rollout.id, after: newest, client, format.output)
        }
    }

    private func start(_ text: String, _ client: CoordinatorClient) async throws -> RolloutStatus {
        do {
            return try await client.post("/v1/rollouts", [("again", again ? "true" : nil)], spec: text)
        } catch {
            guard case .problem(let problem) = error, problem.isUnderWay, !again else { throw error }
            // A specification from stdin leaves nobody to ask.
            try ask("\(problem.detail ?? problem.title). Begin another one?", or: "--again")
            return try await client.post("/v1/rollouts", [("again", "true")], spec: text)
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
            let listing: Listing<RolloutStatus> = try await client.get("/v1/rollouts")
            try format.list(listing.items, Tables.rollouts)
        }
    }
}
