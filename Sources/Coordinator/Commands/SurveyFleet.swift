import ArgumentParser
import Contract
import DefragTypes
import ReflowAPI

/// `reflow survey`: how files lie, asked of hosts through the coordinator.
struct SurveyFleet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "survey",
        abstract: "Ask hosts how their files lie, and what there is to gain.",
        discussion: """
            Touches nothing. The files with the most to gain come first.

              reflow survey --host alpha --path '/srv/vm/**/*.img' --min-extents 1000
            """)

    @OptionGroup var files: FileOptions

    @Option(help: "Leave files out that have fewer extents.")
    var minExtents: Int?

    @Option(help: ArgumentHelp("Leave smaller files out.", valueName: "size"), transform: ByteCount.argument)
    var minSize: ByteCount?

    @Option(help: "Most files of each host.")
    var top = 20

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
        guard minExtents ?? 1 >= 1 else { throw ValidationError("--min-extents is at least 1.") }
        guard top >= 1 else { throw ValidationError("--top is at least 1.") }
    }

    func run() async throws {
        try await coordinator.ask { client in
            let request = SurveyRequest(
                hosts: files.hosts, paths: files.paths, minExtents: minExtents, minSize: minSize, top: top)
            let started: Started = try await client.post("/v1/surveys", json: request)
            let survey: SurveyStatus = try await client.wait(for: "/v1/surveys/\(started.id)") { survey in
                let answered = survey.hosts.count { $0.state == .finished || $0.state == .failed }
                return survey.isComplete ? nil : "\(answered)/\(counted(survey.hosts.count, "host")) answered"
            }
            let text = SurveyText(survey: survey)
            try format.show(survey) { _ in text.text }
            if text.exitStatus != .success { throw text.exitStatus.exitCode }
        }
    }
}
