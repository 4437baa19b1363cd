import Foundation
import Glibc

/// The clock on the wall, which people and programs set, beside one that only ever runs.
struct ClockReading: Hashable, Sendable {
    var wall: Date
    /// Seconds since the machine started, those in which it slept included (CLOCK_BOOTTIME, clock_gettime(2)).
    var uptime: TimeInterval

    /// Seconds since the machine started.
    static var uptime: TimeInterval {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return TimeInterval(time.tv_sec) + TimeInterval(time.tv_nsec) / 1e9
    }
}

/// Tells a clock that was set from time that has passed, and how much of the past is safe to forget.
struct ClockWatch {
    /// Seconds that a clock is corrected by in passing: less is no leap.
    static let tolerance: TimeInterval = 5

    private var last: ClockReading?
    /// The latest time that is believed for forgetting things.
    private(set) var trusted: Date?

    /// What the store keeps: a reading, and the time that is believed.
    struct Stored: Hashable, Sendable {
        var reading: ClockReading
        var trusted: Date
    }

    /// What is to be stored; `nil` before the first reading.
    var stored: Stored? {
        guard let last, let trusted else { return nil }
        return Stored(reading: last, trusted: trusted)
    }

    /// Begins with what a process before has stored, or, without that, with the time of the newest record there is.
    ///
    /// - Returns: seconds that nobody has watched: the clock may have been set, or the machine have been off. 0 where the clock that
    ///   only runs says that so many seconds have passed. Negative if the clock was set back.
    mutating func resume(_ stored: Stored?, newest: Date?, at now: ClockReading) -> TimeInterval {
        defer { last = now }
        guard let stored else {
            trusted = min(now.wall, newest ?? now.wall)
            return 0
        }
        trusted = stored.trusted
        let gap = now.wall.timeIntervalSince(stored.reading.wall)
        let run = now.uptime - stored.reading.uptime
        return run >= 0 && abs(gap - run) <= Self.tolerance ? 0 : gap
    }

    /// Time has passed.
    ///
    /// - Returns: seconds by which the clock was set meanwhile, back if negative; `nil` if it was not.
    mutating func read(_ now: ClockReading) -> TimeInterval? {
        defer { last = now }
        guard let last else { return nil }
        let run = max(0, now.uptime - last.uptime)
        trust(now.wall, after: run)
        let leap = now.wall.timeIntervalSince(last.wall) - run
        return abs(leap) > Self.tolerance ? leap : nil
    }

    /// What is believed moves on twice as fast as time passes, until it is the time: a wrong clock makes nothing old, and time in
    /// which no coordinator ran is made up for. Where the clock is behind, time passes all the same.
    private mutating func trust(_ wall: Date, after run: TimeInterval) {
        guard let before = trusted else { return }
        trusted = wall < before ? before + run : min(wall, before + 2 * run)
    }

    /// From when on ages are counted that decide what is forgotten: never later than the clock says, nor than what is believed.
    func horizon(_ now: Date) -> Date { min(now, trusted ?? now) }
}
