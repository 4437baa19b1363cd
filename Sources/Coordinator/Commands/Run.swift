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

    @Option(name: .customLong("host"), help: "A host to work on; once for each host.")
    var hosts: [HostName]

    @Option(
        name: .customLong("path"),
        help:
            "Absolute path, with * ? [] within a folder's name and ** across folders. Quote it; may be repeated."
    )
    var paths: [String]

    @Option(help: "Leave files alone that have fewer extents.")
    var minExtents = 2

    @Option(help: ArgumentHelp("Time budget of a slice, at most 10m.", valueName: "dur"))
    var slice = DurationArgument(.seconds(60))

    @Option(
        help: ArgumentHelp("Give up a host that says nothing for so long after the start.", valueName: "dur"))
    var answerWithin = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp("Give up a host that falls silent for so long later.", valueName: "dur"))
    var lostAfter = DurationArgument(.seconds(60))

    @Option(help: "Format of the summary on stdout.")
    var output: OutputFormat = .text

    @OptionGroup(title: "Policy") var policy: PolicyOptions

    func validate() throws {
        guard !hosts.isEmpty else { throw ValidationError("Name at least one --host.") }
        guard !paths.isEmpty else { throw ValidationError("Name at least one --path.") }
        if let path = paths.first(where: { !$0.hasPrefix("/") }) {
            throw ValidationError("--path \(path) is not absolute: start it with /.")
        }
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
            let runner = JobRunner(
                publisher: publisher, consumer: consumer, mail: HostMail(sharedUser: broker.sharedUser))
            var view = LiveView()
            let job: Job
            do {
                let stops = await UnixSignalsSequence(trapping: .sigint, .sigterm).map { _ in () }
                job = try await runner.run(
                    request(), stops: stops, show: { view.show($0) }, note: { view.note($0) })
            } catch {
                await publisher.close()
                await consumer.close()
                throw Failure(broker: error)
            }
            await publisher.close()
            await consumer.close()
            let summary = JobSummary(job)
            try report(summary)
            if summary.exitStatus != .success { throw summary.exitStatus.exitCode }
        }
    }

    private func request() throws -> JobRequest {
        var seen: Set<HostName> = []
        return JobRequest(
            id: "run-\(newMessageID().prefix(12))", hosts: hosts.filter { seen.insert($0).inserted },
            patterns: paths,
            minExtents: minExtents, policy: try policy.overrides(), sliceBudget: slice.duration.inSeconds,
            answerWithin: answerWithin.duration, lostAfter: lostAfter.duration)
    }

    private func report(_ summary: JobSummary) throws {
        switch output {
        case .text: print(JobTable(summary: summary).text)
        case .json: print(String(decoding: try JSONEncoder().encode(summary), as: UTF8.self))
        }
    }
}
