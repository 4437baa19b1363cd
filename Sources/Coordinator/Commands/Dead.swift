import ArgumentParser
import DefragTypes
import ReflowAPI
import Settings

/// `reflow dead`: messages that could not be handled.
struct Dead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at messages that could not be handled; send them again, or drop them.",
        discussion: """
              reflow dead list
              reflow dead show 17
              reflow dead requeue 17
            """,
        subcommands: [DeadList.self, DeadShow.self, DeadRequeue.self, DeadDrop.self])
}

/// `reflow dead list`.
struct DeadList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List dead letters, the newest first.",
        discussion: "  reflow dead list --output json | jq -r 'select(.reason == \"malformed\") | .id'")

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let listing: Listing<KeptDeadLetter> = try await client.get("/v1/dead-letters")
            try format.list(listing.items, Tables.deadLetters)
        }
    }
}

/// `reflow dead show`.
struct DeadShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a dead letter with its body.",
        discussion: "  reflow dead show 17")

    @Argument(help: "The dead letter's id.", completion: .deadLetters)
    var id: String

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let letter: KeptDeadLetter = try await client.get("/v1/dead-letters/\(percentEncoded(id))")
            try format.show(letter, Tables.deadLetter)
        }
    }
}

/// `reflow dead requeue`.
struct DeadRequeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue", abstract: "Send a dead letter again to where it came from.",
        discussion: """
            For when the cause is mended. The slices of a rollout need it not: the rollout sends others in their place.

              reflow dead requeue 17
            """)

    @Argument(help: "The dead letter's id.", completion: .deadLetters)
    var id: String

    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            try await client.order("/v1/dead-letters/\(percentEncoded(id))/requeue")
            try say("\(id) was sent again")
        }
    }
}

/// `reflow dead drop`.
struct DeadDrop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Forget a dead letter. Asks first.",
        discussion: "  reflow dead drop 17 --yes")

    @Argument(help: "The dead letter's id.", completion: .deadLetters)
    var id: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let place = "/v1/dead-letters/\(percentEncoded(id))"
            let letter: KeptDeadLetter = try await client.get(place)
            let what = [letter.type, letter.host.map { "of \($0)" }].compactMap(\.self).joined(separator: " ")
            try confirmation.confirm("Drop \(letter.id)\(what.isEmpty ? "" : " (\(what.plain))") for good?")
            try await client.delete(place)
            try say("\(letter.id) is dropped")
        }
    }
}
