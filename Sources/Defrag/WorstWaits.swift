import DefragTypes

/// What others wait for, or we.
enum Phase: String {
    /// The file is locked.
    case clone, unshare, pin
    /// The device is waited for.
    case read

    var isLock: Bool { self != .read }
}

/// The longest waits of a run.
struct WorstWaits {
    /// The longest first.
    private(set) var waits: [DefragResult.Wait] = []

    /// Takes note of `phase` at `offset`, which has just ended after `duration`.
    mutating func note(_ phase: Phase, at offset: Int64, took duration: Duration) {
        let ms = duration.inMilliseconds
        guard waits.count < DefragResult.mostWaits || ms > waits[waits.count - 1].ms else { return }
        let wait = DefragResult.Wait(
            time: .now, phase: phase.rawValue, offset: ByteCount(offset), ms: (ms * 1000).rounded() / 1000)
        waits.insert(wait, at: waits.firstIndex { $0.ms < ms } ?? waits.count)
        if waits.count > DefragResult.mostWaits { waits.removeLast() }
    }
}
