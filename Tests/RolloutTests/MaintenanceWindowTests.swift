import Foundation
import Testing

@testable import Rollout

@Suite("Maintenance windows")
struct MaintenanceWindowTests {
    private func date(_ text: String) throws -> Date {
        try Date(text, strategy: .iso8601)
    }

    private func window(
        _ from: String, _ to: String,
        on days: Set<MaintenanceWindow.Day> = Set(MaintenanceWindow.Day.allCases),
        zone: String = "UTC", cutoff: TimeInterval = 0
    ) throws -> MaintenanceWindow {
        let from = try #require(MaintenanceWindow.TimeOfDay(from))
        let to = try #require(MaintenanceWindow.TimeOfDay(to))
        return MaintenanceWindow(days: days, from: from, to: to, zone: zone, cutoff: cutoff)
    }

    private static let workdays: Set<MaintenanceWindow.Day> = [.mon, .tue, .wed, .thu, .fri]

    // 2026-11-23 is a Monday.
    @Test(arguments: [
        ("2026-11-23T21:59:59Z", nil), ("2026-11-23T22:00:00Z", "2026-11-24T04:50:00Z"),
        ("2026-11-24T04:49:59Z", "2026-11-24T04:50:00Z"), ("2026-11-24T04:50:00Z", nil),
        // Friday's continues into Saturday; Saturday has none of its own, and Sunday none into Monday.
        ("2026-11-28T03:00:00Z", "2026-11-28T04:50:00Z"), ("2026-11-28T22:30:00Z", nil),
        ("2026-11-23T03:00:00Z", nil),
    ])
    func crossesMidnight(now: String, end: String?) throws {
        let window = try window("22:00", "05:00", on: Self.workdays, cutoff: 600)
        #expect([window].openUntil(at: try date(now)) == (try end.map(date)))
    }

    @Test func theZoneCounts() throws {
        let berlin = try window("22:00", "05:00", zone: "Europe/Berlin")
        #expect(try [berlin].openUntil(at: date("2026-11-23T20:59:59Z")) == nil)
        #expect(try [berlin].openUntil(at: date("2026-11-23T21:00:00Z")) == date("2026-11-24T04:00:00Z"))
        // In summer an hour earlier.
        #expect(try [berlin].openUntil(at: date("2026-07-01T20:00:00Z")) == date("2026-07-02T03:00:00Z"))
    }

    @Test func theNightOnWhichSummerTimeBeginsIsAnHourShorter() throws {
        // In Berlin the clock goes from 2:00 to 3:00 on 2026-03-29.
        let night = try window("22:00", "05:00", zone: "Europe/Berlin")
        let opening = try #require(night.opening(at: date("2026-03-28T23:00:00Z")))
        #expect(opening == (try date("2026-03-28T21:00:00Z"))..<(try date("2026-03-29T03:00:00Z")))
        // Half past two is skipped: it opens with the change.
        let skipped = try window("02:30", "04:00", zone: "Europe/Berlin")
        #expect(
            try skipped.opening(at: date("2026-03-29T00:00:00Z"))?.lowerBound == date("2026-03-29T01:00:00Z"))
    }

    @Test func theNightOnWhichItEndsIsAnHourLonger() throws {
        // And from 3:00 to 2:00 on 2026-10-25.
        let night = try window("22:00", "05:00", zone: "Europe/Berlin")
        let opening = try #require(night.opening(at: date("2026-10-24T21:00:00Z")))
        #expect(opening == (try date("2026-10-24T20:00:00Z"))..<(try date("2026-10-25T04:00:00Z")))
        // Half past two comes twice: it opens the first time.
        let twice = try window("02:30", "04:00", zone: "Europe/Berlin")
        #expect(
            try twice.opening(at: date("2026-10-24T23:00:00Z"))?.lowerBound == date("2026-10-25T00:30:00Z"))
    }

    @Test func aWholeDayAndNothing() throws {
        let sunday = try window("00:00", "00:00", on: [.sun])
        #expect(try [sunday].openUntil(at: date("2026-11-29T12:00:00Z")) == date("2026-11-30T00:00:00Z"))
        #expect(try [sunday].openUntil(at: date("2026-11-30T00:00:00Z")) == nil)
        #expect(try [sunday].nextOpening(after: date("2026-11-30T00:00:00Z")) == date("2026-12-06T00:00:00Z"))
        #expect(try [MaintenanceWindow]().openUntil(at: date("2026-11-30T00:00:00Z")) == .distantFuture)
        // A cutoff that leaves nothing of it.
        #expect(
            try [window("22:00", "22:10", cutoff: 600)].openUntil(at: date("2026-11-23T22:00:00Z")) == nil)
    }

    @Test("cached openings agree with the calendar, whichever way the clock moves")
    func kept() throws {
        let windows = try [
            window("22:00", "05:00", on: Self.workdays, zone: "Europe/Berlin", cutoff: 600),
            window("04:00", "06:00", on: [.sun]), window("22:00", "22:10", cutoff: 600),
        ]
        var hours = OpeningHours(windows)
        var random = SplitMix(1)
        var now = try date("2026-03-20T00:00:00Z")
        for step in 0..<500 {
            now +=
                step.isMultiple(of: 50)
                ? -.random(in: 0...400_000, using: &random) : .random(in: 0...20_000, using: &random)
            #expect(hours.openUntil(at: now) == windows.openUntil(at: now))
        }
        var none = OpeningHours([])
        #expect(none.openUntil(at: now) == .distantFuture)
    }

    @Test(arguments: ["24:00", "22", "22:60", "-1:00", "22:00:00", "", "aa:bb", "+1:00"])
    func noTimes(text: String) {
        #expect(MaintenanceWindow.TimeOfDay(text) == nil)
    }
}
