import ArgumentParser

@main struct Soak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Tries for long whether Reflow keeps what it promises.",
        discussion: """
            Each trial makes file systems of its own in $TMPDIR, prints its seed, shows its progress and prints its \
            figures. It stops at the first broken promise with exit status 1. Needs root.
            """,
        subcommands: [
            Kills.self, PowerCuts.self, Differential.self, Exerciser.self, Rollouts.self, Cluster.self,
            Budget.self,
            Steering.self,
            Flood.self, Reconnect.self, Slices.self,
        ])
}
