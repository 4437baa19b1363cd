import Defrag
import DefragTypes
import JSON

/// Where a run tells how it goes. Called on the engine's thread.
protocol DefragReport {
    /// Called before each chunk and during rests; `path` is at `progress`.
    mutating func advanced(_ path: String, _ progress: DefragProgress)

    /// Called once for each file, with the bytes that it occupies where it could be opened.
    mutating func ended(_ result: DefragResult, allocated: ByteCount)
}

/// JSON, an object a line.
struct JSONReport: DefragReport {
    private var throttle = Throttle(interval: .milliseconds(500))
    private let stop: StopRequest

    init(stop: StopRequest) {
        self.stop = stop
    }

    private struct Progress: Encodable {
        let type = "progress"
        let path: String
        let offset: ByteCount
        let size: ByteCount
        let rewritten: ByteCount
        let unshared: ByteCount
        let chunk: ByteCount
        let pauseMs: Double
        let waitMs: Double
        let isSlowed: Bool
        let seconds: Double
    }

    private struct Result: Encodable {
        enum Key: CodingKey { case type }
        let result: DefragResult

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode("result", forKey: .type)
            try result.encode(to: encoder)
        }
    }

    mutating func advanced(_ path: String, _ progress: DefragProgress) {
        guard throttle.isDue() else { return }
        write(
            Progress(
                path: path, offset: progress.offset, size: progress.size, rewritten: progress.rewritten,
                unshared: progress.unshared, chunk: progress.chunk, pauseMs: progress.pause.inMilliseconds,
                waitMs: progress.wait.inMilliseconds, isSlowed: progress.isSlowed,
                seconds: progress.elapsed.inSeconds))
    }

    mutating func ended(_ result: DefragResult, allocated: ByteCount) {
        if let message = result.trouble { standardError("reflow-worker: \(message)\n") }
        write(Result(result: result))
    }

    private func write(_ object: some Encodable) {
        do {
            if !standardOutput(line: try JSONEncoder().encode(object)) { stop.request() }
        } catch {
            standardError("reflow-worker: \(error)\n")
        }
    }
}

/// Lets something through at most once in an interval.
struct Throttle {
    let interval: Duration
    private var last: ContinuousClock.Instant

    /// The first time is one interval from now.
    init(interval: Duration) {
        self.interval = interval
        last = .now
    }

    /// Whether the interval is over; if so a new one begins.
    mutating func isDue(now: ContinuousClock.Instant = .now) -> Bool {
        guard now - last >= interval else { return false }
        last = now
        return true
    }
}
