import DefragTypes
import Support

/// Policies as an operator might come upon them.
enum RandomPolicy {
    /// A policy on a file system with `free` bytes available; rests are short ones, so that a round does not take long.
    static func make(free: ByteCount, _ random: inout Xorshift) -> Policy {
        var policy = Policy()
        func choose<Value>(_ key: WritableKeyPath<Policy, Value>, _ values: [Value]) {
            if let value = values.randomElement(using: &random) { policy[keyPath: key] = value }
        }
        choose(\.maxPause, [.milliseconds(50), .milliseconds(200), .seconds(1)])
        choose(
            \.maxChunk,
            [.kibibytes(64), .kibibytes(132), .kibibytes(512), .mebibytes(1), .mebibytes(4), .mebibytes(16)])
        choose(
            \.window, [.mebibytes(1), .mebibytes(1) + .kibibytes(4), .mebibytes(4), .mebibytes(16)])
        choose(\.duty, [1, 1, 1, 0.5])
        choose(\.idle, [.zero, .zero, .zero, .milliseconds(1)])
        choose(\.rate, [nil, nil, nil, .mebibytes(256)])
        choose(
            \.targetExtent,
            [.kibibytes(64), .kibibytes(100), .mebibytes(1), .mebibytes(16), .mebibytes(64)])
        choose(\.sharing, [.preserve, .preserve, .unshare])
        choose(
            \.unshareBudget,
            [nil, .zero, .kibibytes(64), .kibibytes(500), .mebibytes(2), .gibibytes(1)])
        choose(
            \.minFree,
            [
                .bytes(.zero), .bytes(.zero), .bytes(.zero), .percent(5),
                .bytes(max(.zero, free - .mebibytes(2))), .percent(100),
            ])
        return policy
    }
}
