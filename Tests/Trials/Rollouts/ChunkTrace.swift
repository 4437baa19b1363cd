import Support

/// The chunks that a worker rewrites, as system calls: strace(1) records each fallocate(2), when it began and how long it
/// took. The worker is not involved.
final class ChunkTrace {
    /// One call that rewrote a chunk.
    struct Chunk: Hashable {
        /// Seconds since 1970.
        var begin: Double
        /// `nil` while it lasts.
        var seconds: Double?
        var bytes: Int64

        var end: Double { begin + (seconds ?? .infinity) }
    }

    /// The wrapper with which a worker is started.
    let wrapper: [String]
    private let text: GrowingText
    private var known: [Chunk] = []
    private var unfinished: [Substring: Int] = [:]

    init() throws {
        let path = try RunFolder.subfolder("trace") + "/trace"
        text = GrowingText(path)
        // -D: the worker is our child, not strace's; --seccomp-bpf: no other call is slowed down.
        wrapper = [
            "strace", "-D", "-f", "-qq", "-ttt", "-T", "--seccomp-bpf", "-e", "trace=fallocate", "-e",
            "signal=none", "-o", path,
        ]
    }

    /// The chunks so far, in their order.
    var chunks: [Chunk] {
        for line in text.newLines() { take(line.split(separator: " ")) }
        return known
    }

    /// `PID TIME fallocate(NUMBER, FALLOC_FL_UNSHARE_RANGE, OFFSET, BYTES) = 0 <SECONDS>`; or, where another thread's call
    /// comes between, `… BYTES <unfinished ...>` and `PID TIME <... fallocate resumed>) = 0 <SECONDS>`.
    private func take(_ words: [Substring]) {
        // A failed call rewrote nothing: the worker makes an impossible one to see whether it is permitted.
        guard words.count > 5, let begin = Double(words[1]), let last = words.last, !words.contains("-1")
        else {
            return
        }
        let seconds = Double(last.dropFirst().dropLast())
        if words[2] == "<..." {
            if let index = unfinished.removeValue(forKey: words[0]) { known[index].seconds = seconds }
        } else if words[3].contains("UNSHARE_RANGE"), let bytes = Int64(words[5].prefix { $0.isNumber }) {
            if seconds == nil { unfinished[words[0]] = known.count }
            known.append(Chunk(begin: begin, seconds: seconds, bytes: bytes))
        }
    }
}
