import AMQP
import ArgumentParser
import Contract
import DefragTypes
import Glibc
import JSON
import Rollout
import UnixSignals

/// `reflow run`: a one-off job in the foreground, without a daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Defragment the files that match, on the named hosts, and wait for the end.",
        discussion: """
            Surveys the hosts through their queues, then sends slices of at most --slice each, one for each file \
            system of a host at a time, the file with the most to gain first. Files that lie well already are left alone: \
            after an interruption, just run it again.

            The first Ctrl-C starts nothing more and waits for the slices that are out; the second leaves at once \
            (the hosts end their slices by themselves).

              reflow run --host alpha --host beta --path '/srv/vm/**/*.img' --max-pause 20ms
            """)

    @OptionGroup var files: FileOptions

    @Option(help: "Leave files alone that have fewer extents.")
    var minExtents = 2

    @Option(
        help: ArgumentHelp("Time budget of a slice, at most 10m.", valueName: "dur"),
        transform: DurationArgument.argument)
    var slice = DurationArgument(.seconds(60))

    @Option(
        help: ArgumentHelp("Give up a host that says nothing for so long after the start.", valueName: "dur"),
        transform: DurationArgument.argument)
    var answerWithin = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp("Give up a host that falls silent for so long later.", valueName: "dur"),
        transform: DurationArgument.argument)
    var lostAfter = DurationArgument(.seconds(60))

    @Option(help: "Format of the summary on stdout.")
    var output: OutputFormat = .text

    @OptionGroup(title: "Policy") var policy: PolicyOptions

    func validate() throws {
        guard slice.duration >= .seconds(1), slice.duration <= .seconds(SliceTask.longestTimeBudget) else {
            throw ValidationError("--slice is from 1s to 10m.")
        }
        guard minExtents >= 1 else { throw ValidationError("--min-extents is at least 1.") }
    }

    func run() async throws {
        try await reportingFailure {
            let broker = try Broker()
            let publisher = try await broker.connect("reflow run: tasks")
            let consumer: Connection
            do {
                consumer = try await broker.connect("reflow run: answers")
            } catch {
                await publisher.close()
                throw error
            }
            var view = WatchView()
            let summary: RunSummary
            do {
                let stops = await UnixSignalsSequence(trapping: .sigint, .sigterm).map { _ in () }
                summary = try await OneOffRollout(
                    spec: spec(), lostAfter: lostAfter.duration.inSeconds,
                    answerWithin: answerWithin.duration.inSeconds, publishing: publisher, consuming: consumer,
                    mail: HostMail(ownUser: broker.endpoint.account, sharedUser: broker.sharedUser)
                ).run(stops: stops, view: &view)
            } catch {
                await close(publisher, consumer)
                throw error
            }
            await close(publisher, consumer)
            try report(summary)
            if summary.exitStatus != .success { throw summary.exitStatus.exitCode }
        }
    }

    /// Both at once: a broker that is gone is waited for only once.
    private func close(_ publisher: Connection, _ consumer: Connection) async {
        async let publishing: Void = publisher.close()
        async let consuming: Void = consumer.close()
        _ = await (publishing, consuming)
    }

    /// Every host at once; somebody waits, so a failed attempt is repeated soon, and nobody is waited for who has gone.
    private func spec() throws -> RolloutSpec {
        RolloutSpec(
            name: "run",
            targets: .init(
                hosts: Set(files.hosts).map(\.description).sorted(), paths: files.paths,
                minExtents: minExtents),
            policy: try policy.overrides(),
            strategy: .init(backOff: 5, slice: slice.duration.inSeconds, giveUpAfter: 0))
    }

    private func report(_ summary: RunSummary) throws {
        switch output {
        case .text: try say(RunTable(summary: summary).text)
        case .json: try say(String(decoding: try JSONEncoder().encode(summary), as: UTF8.self))
        }
    }
}
