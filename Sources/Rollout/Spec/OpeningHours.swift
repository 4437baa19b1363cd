import Foundation

/// Maintenance windows with a cache of their openings, as calendar arithmetic is slow.
struct OpeningHours: Sendable {
    private let windows: [MaintenanceWindow]
    /// The opening of each window, and for how long that is valid.
    private var found: [(opening: Range<Date>?, holds: Range<Date>)]

    init(_ windows: [MaintenanceWindow]) {
        self.windows = windows
        found = windows.map { _ in (nil, Date.distantPast..<Date.distantPast) }
    }

    /// As ``Swift/Array/openUntil(at:)``.
    mutating func openUntil(at now: Date) -> Date? {
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
