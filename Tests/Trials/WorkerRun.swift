import DefragTypes
import JSON
import Support

/// `reflow-worker defrag` as the trials run it.
enum WorkerRun {
    /// Options as an operator might give them; the last of them may be a slow one.
    static func randomOptions(_ random: inout Xorshift) -> [String] {
        var options = ["--duty", "100%", "--min-free", "0"]
        func maybe(_ option: String, _ values: [String]) {
            if Bool.random(using: &random), let value = values.randomElement(using: &random) {
                options += [option, value]
            }
        }
        maybe("--window", ["1MiB", "4MiB", "16MiB", "64MiB"])
        maybe("--max-chunk", ["128KiB", "512KiB", "4MiB"])
        maybe("--max-pause", ["50ms", "200ms", "1s"])
        maybe("--target-extent", ["1MiB", "64MiB"])
        maybe("--sharing", ["preserve", "unshare"])
        // With unshare, a budget is a contradiction.
        if !options.contains("unshare") { maybe("--unshare-budget", ["8MiB", "64MiB", "1GiB"]) }
        if Int.random(in: 0..<4, using: &random) == 0 { options += ["--rate", "32MiB"] }
        return options
    }

    /// Starts a run on `path`, through a program like `unshare --net` if one is given.
    static func start(_ options: [String], path: String, through wrapper: [String] = []) throws -> Process {
        try Process("reflow-worker", ["defrag", "--output", "json"] + options + [path], through: wrapper)
    }

    /// Runs it on `path` to its end.
    ///
    /// - Throws: ``Violation`` unless the end of the file is reached.
    @discardableResult
    static func finish(
        _ options: [String], path: String, through wrapper: [String] = []
    ) async throws -> DefragResult {
        let process = try start(options, path: path, through: wrapper)
        let end = await process.wait()
        guard end == .exited(0), let result = result(of: process), result.status == .done else {
            throw Violation("reflow-worker on \(path): \(end)\n\(process.output)\(process.errors)")
        }
        return result
    }

    /// What the run of `process`, which has ended, says about it; `nil` if it did not come to that.
    static func result(of process: Process) -> DefragResult? {
        guard let line = process.output.split(separator: "\n").last else { return nil }
        return try? JSONDecoder().decode(DefragResult.self, from: String(line))
    }
}
