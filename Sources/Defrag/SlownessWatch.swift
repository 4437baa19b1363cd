/// Notices that even the smallest chunks lock the file for too long: others keep the device busy, or it is sick.
///
/// Each such chunk doubles the rest after it, so that guests come to their turn, and each that is short enough takes one back.
/// After some in a row the run is to end.
struct SlownessWatch: Hashable {
    /// So many, less those that were short enough, end a run.
    static let patience = 8
    private static let longestRest = Duration.seconds(10)

    private var slow = 0
    private var longest = Duration.zero

    /// Learns from a chunk whose longest lock took `lock`, and which could be no smaller if it `isAtFloor`.
    mutating func learn(_ lock: Duration, isAtFloor: Bool, aim: Duration) {
        if lock > aim, isAtFloor {
            slow += 1
            longest = max(longest, lock)
        } else if lock <= aim {
            slow = max(0, slow - 1)
            if slow == 0 { longest = .zero }
        }
    }

    /// How long to rest after the last chunk, at least.
    var rest: Duration { slow == 0 ? .zero : min(longest * (1 << slow), Self.longestRest) }

    /// The longest of the locks, if it is time to end.
    var verdict: Duration? { slow < Self.patience ? nil : longest }
}
