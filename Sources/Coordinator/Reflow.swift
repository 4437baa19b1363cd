import ArgumentParser
import DefragTypes

/// The operators' program.
@main struct Reflow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reflow",
        abstract: "Defragment XFS files across a fleet, in place, while they are in use.",
        discussion: """
            'serve' runs the coordinator; hosts, survey, rollout, dead, events and audit ask it. They find it by --url or \
            REFLOW_URL: a socket's path (default /run/reflow/reflow.sock), http://HOST:PORT or https://HOST:PORT, with the \
            token in REFLOW_TOKEN.

            backup reads the coordinator's database itself.

            provision, run and control speak to the broker. They find it by REFLOW_AMQP_URL (amqp://user:password@host:5672/vhost, or amqps://…; \
            default amqp://guest:guest@127.0.0.1:5672/); the password can be in a file, REFLOW_AMQP_PASSWORD_FILE. A host is believed if its broker account is reflow-<host>; where all \
            share one account, name it in REFLOW_SHARED_USER.

            A first job:
              reflow provision --host alpha --host beta
              reflow run --host alpha --host beta --path '/srv/vm/**/*.img'

            Completion of commands, ids and hosts: reflow --generate-completion-script bash (or zsh, or fish).

            Exit status: 0 all done, 1 something failed, 2 stopped early (can be resumed), 64 wrong usage, \
            69 broker or coordinator not reachable, 77 not permitted, 78 wrong configuration.
            """,
        version: reflowVersion,
        subcommands: [
            Provision.self, Run.self, Control.self, Hosts.self, SurveyFleet.self, RolloutCommand.self,
            Dead.self,
            Events.self, Audit.self, Backup.self, Security.self, Serve.self,
        ])
}
