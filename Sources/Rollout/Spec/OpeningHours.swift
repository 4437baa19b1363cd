import Foundation

/// Maintenance windows with a cache of their openings, as calendar arithmetic is slow.
///
/// For a while after the clock was set, nobody knows whether it is right now or was before: a window is open where both say so.
struct OpeningHours: Sendable {
    private let windows: [MaintenanceWindow]
    /// The opening of each window, and for how long that is valid.
    private var found: [(opening: Range<Date>?, holds: Range<Date>)]
    /// By how much the clock was set, and until when that counts.
    private var doubt: (leap: TimeInterval, until: Date)?

    /// Seconds after which a clock that was set is believed.
    static let settling: TimeInterval = 900

    init(_ windows: [MaintenanceWindow]) {
        self.windows = windows
        found = windows.map { _ in (nil, Date.distantPast..<Date.distantPast) }
    }

    /// The clock was set by so many seconds, back if negative. One that is set to and fro is believed at last.
    mutating func clockWasSet(by seconds: TimeInterval, at now: Date) {
        let before = doubt.map { now - seconds < $0.until ? $0.leap : 0 } ?? 0
        doubt = (before + seconds, now + Self.settling)
    }

    /// As ``Swift/Array/openUntil(at:)``, for as long as the clock before it was set says so, too.
    mutating func openUntil(at now: Date) -> Date? {
        guard !windows.isEmpty, let doubt else { return openUntilByThisClock(at: now) }
        guard now < doubt.until else {
            self.doubt = nil
            return openUntilByThisClock(at: now)
        }
        guard let end = openUntilByThisClock(at: now), let other = windows.openUntil(at: now - doubt.leap)
        else {
            return nil
        }
        return min(end, other + doubt.leap)
    }

    private mutating func openUntilByThisClock(at now: Date) -> Date? {
        guard !windows.isEmpty else { return .distantFuture }
        var last: Date?
        for (index, window) in windows.enumerated() {
            if !found[index].holds.contains(now) {
                let opening = window.opening(at: now)
                // A clock that is set back, or a window without any opening, is looked at again.
                found[index] = (opening, now..<(opening?.upperBound ?? now + 3600))
            }
            if let opening = found[index].opening, opening.contains(now) {
                last = max(last ?? .distantPast, opening.upperBound)
            }
        }
        return last
    }
}
