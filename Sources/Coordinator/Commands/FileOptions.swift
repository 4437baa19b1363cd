import ArgumentParser
import Contract
import RolloutSpec

/// Which files of which hosts: what `reflow run` and `reflow survey` are about.
struct FileOptions: ParsableArguments {
    @Option(
        name: .customLong("host"), help: "A host; once for each host.", completion: .hosts,
        transform: HostName.argument)
    var hosts: [HostName]

    @Option(
        name: .customLong("path"),
        help:
            "Absolute path, with * ? [] within a folder's name and ** across folders. Quote it; may be repeated."
    )
    var paths: [String]

    func validate() throws {
        guard !hosts.isEmpty else { throw ValidationError("Name at least one --host.") }
        guard !paths.isEmpty else { throw ValidationError("Name at least one --path.") }
        for path in paths {
            // As a specification's are checked.
            if let problem = pathProblem(path) { throw ValidationError("--path \(problem).") }
        }
    }
}
