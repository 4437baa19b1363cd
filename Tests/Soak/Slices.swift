import ArgumentParser
import Defrag
import DefragTypes

/// What a worker does with the slices of a job: the state is handed on.
struct Slices: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Defragment a file in slices, for scripts/bench: prints the seconds of each as a JSON array.")

    @Argument(help: "The file.") var file: String
    @Option(help: "Seconds of a slice.") var seconds = 10.0
    @Option(help: "Aim for the longest pause, in milliseconds.") var maxPause = 20

    private struct Stopped: Error, CustomStringConvertible {
        let description: String
    }

    func run() throws {
        var policy = Policy()
        policy.maxPause = .milliseconds(maxPause)
        policy.duty = 1
        var (cursor, state, pauses) = (ByteCount?.some(.zero), SliceState?.none, PauseController?.none)
        var walls: [Duration] = []
        while let from = cursor {
            let start = ContinuousClock.now
            let opened = try openForDefrag(path: file)
            var defragmenter = Defragmenter(policy: policy, pauses: pauses, state: state, job: "bench")
            let result = defragmenter.run(opened, path: file, from: from, timeLimit: .seconds(seconds)) { _ in
                .proceed(policy)
            }
            guard result.status == .done || result.reason == .timeLimit else {
                throw Stopped(description: "\(result)")
            }
            (cursor, state, pauses) = (result.nextOffset, defragmenter.state, defragmenter.pauses)
            walls.append(.now - start)
        }
        print("[\(walls.map { "\($0 / .seconds(1))" }.joined(separator: ","))]")
    }
}
