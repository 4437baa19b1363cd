import ArgumentParser
import DefragTypes

/// The operators' program.
@main struct Reflow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reflow",
        abstract: "Defragment XFS files across a fleet, in place, while they are in use.",
        discussion: """
            Finds the broker by REFLOW_AMQP_URL (amqp://user:password@host:5672/vhost, or amqps://…; \
            default amqp://guest:guest@127.0.0.1:5672/). A host is believed if its broker account is reflow-<host>; where all \
            share one account, name it in REFLOW_SHARED_USER.

            A first job:
              reflow provision --host alpha --host beta
              reflow run --host alpha --host beta --path '/srv/vm/**/*.img'

            Exit status: 0 all done, 1 something failed, 2 stopped early (can be resumed), 64 wrong usage, \
            69 broker not reachable, 77 not permitted, 78 wrong configuration.
            """,
        version: reflowVersion,
        subcommands: [Provision.self, Run.self, Control.self])
}
