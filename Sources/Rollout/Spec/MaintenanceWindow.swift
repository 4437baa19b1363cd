public import Foundation

/// Times of the week at which work may be done, by the clock on a wall in a time zone.
public struct MaintenanceWindow: Codable, Hashable, Sendable {
    /// The days on which it opens; a window that crosses midnight belongs to the day of its beginning.
    public var days: Set<Day>
    /// When it opens.
    public var from: TimeOfDay
    /// When it closes: on the next day, if that is not after ``from``.
    public var to: TimeOfDay
    /// Identifier of the time zone, such as `Europe/Berlin`.
    public var zone: String
    /// Seconds before its end from which nothing starts and what runs stops.
    public var cutoff: TimeInterval

    /// A window.
    public init(
        days: Set<Day> = Set(Day.allCases), from: TimeOfDay, to: TimeOfDay, zone: String = "UTC",
        cutoff: TimeInterval = 0
    ) {
        self.days = days
        self.from = from
        self.to = to
        self.zone = zone
        self.cutoff = cutoff
    }

    /// A day of the week, in the calendar's order.
    public enum Day: String, Codable, CaseIterable, Sendable {
        case sun, mon, tue, wed, thu, fri, sat
    }

    /// Hours and minutes of a day.
    public struct TimeOfDay: Hashable, Sendable {
        /// From 0 to 23.
        public let hour: Int
        /// From 0 to 59.
        public let minute: Int

        /// `nil` for what no clock shows.
        public init?(hour: Int, minute: Int) {
            guard (0..<24).contains(hour), (0..<60).contains(minute) else { return nil }
            self.hour = hour
            self.minute = minute
        }
    }

    /// From when to when work may be done: the opening that is open at `now`, or the next one. `nil` if there is none within
    /// nine days.
    ///
    /// What the clock skips when daylight saving begins opens and closes at the moment of the change; what it shows twice
    /// when it ends opens the first time and closes the first time.
    public func opening(at now: Date) -> Range<Date>? {
        guard let zone = TimeZone(identifier: zone) else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let today = calendar.startOfDay(for: now)
        return (-1...8).lazy.compactMap { opening(on: $0, from: today, calendar) }.first {
            $0.upperBound > now
        }
    }

    private func opening(on offset: Int, from today: Date, _ calendar: Calendar) -> Range<Date>? {
        guard let noon = calendar.date(byAdding: .hour, value: 12, to: today),
            // By way of noon: midnight is a time that a change of the clock may skip.
            let day = calendar.date(byAdding: .day, value: offset, to: noon),
            let next = calendar.date(byAdding: .day, value: 1, to: day),
            days.contains(Day.allCases[calendar.component(.weekday, from: day) - 1]),
            let start = from.date(on: day, calendar),
            let end = to.date(on: (to.hour, to.minute) > (from.hour, from.minute) ? day : next, calendar)
        else { return nil }
        let last = end - cutoff
        return start < last ? start..<last : nil
    }
}

extension MaintenanceWindow.TimeOfDay: LosslessStringConvertible {
    /// Reads `22:00`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.count) && $0.allSatisfy(\.isNumber) }),
            let hour = Int(parts[0]), let minute = Int(parts[1])
        else { return nil }
        self.init(hour: hour, minute: minute)
    }

    public var description: String {
        (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }

    fileprivate func date(on day: Date, _ calendar: Calendar) -> Date? {
        calendar.date(
            bySettingHour: hour, minute: minute, second: 0, of: day, matchingPolicy: .nextTime,
            repeatedTimePolicy: .first, direction: .forward)
    }
}

extension MaintenanceWindow.TimeOfDay: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not a time such as 22:00")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension [MaintenanceWindow] {
    /// Until when work may be done at `now`: `.distantFuture` without any windows, `nil` if none is open. Openings that touch
    /// or overlap are not joined.
    public func openUntil(at now: Date) -> Date? {
        guard !isEmpty else { return .distantFuture }
        return compactMap { $0.opening(at: now) }.filter { $0.lowerBound <= now }.map(\.upperBound).max()
    }

    /// When the next one opens, if none is open at `now`.
    public func nextOpening(after now: Date) -> Date? {
        compactMap { $0.opening(at: now) }.map(\.lowerBound).filter { $0 > now }.min()
    }
}
