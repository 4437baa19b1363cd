/// Notices that even the smallest chunks lock the file for too long: others keep the device busy, or it is sick.
///
/// Each such chunk doubles the rest after it, so that guests come to their turn, and each that is short enough takes one back.
/// After so many that the rests add up to a minute or two, the run is to end. It counts what was too long for the policy of
/// its time; where the policy of now allows that, nothing is too slow any more.
struct SlownessWatch: Hashable {
    /// So many, less those that were short enough, end a run.
    static let patience = 14
    private static let longestRest = Duration.seconds(10)

    private var slow = 0
    private var longest = Duration.zero

    /// Learns from a chunk whose longest lock took `lock`, and which could be no smaller if it `isAtFloor`.
    mutating func learn(_ lock: Duration, isAtFloor: Bool, aim: Duration) {
        if lock > aim, isAtFloor {
            slow = min(slow + 1, Self.patience)
            longest = max(longest, lock)
        } else if lock <= aim {
            slow = max(0, slow - 1)
            if slow == 0 { longest = .zero }
        }
    }

    /// How long to rest after the last chunk, at least, where locks may take `aim`.
    func rest(aim: Duration) -> Duration {
        slow == 0 || longest <= aim ? .zero : min(longest * (1 << slow), Self.longestRest)
    }

    /// The longest of the locks, if it is time to end.
    func verdict(aim: Duration) -> Duration? { slow < Self.patience || longest <= aim ? nil : longest }
}
