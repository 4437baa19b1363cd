import DefragTypes
import Foundation
import Rollout
import Settings
import Yams

/// Reads a maintenance window of a specification.
struct WindowReader {
    private static let example = "{days: mon-fri, from: 22:00, to: 05:00, zone: Europe/Berlin}"

    func window(_ value: SpecValue) -> MaintenanceWindow? {
        guard let mapping = value.mapping(such: Self.example) else { return nil }
        mapping.allow(["days", "from", "to", "zone", "cutoff"])
        let days = mapping["days"].map { self.days($0) }
        let from = mapping.required("from", such: "from: 22:00").flatMap(time)
        let to = mapping.required("to", such: "to: 05:00").flatMap(time)
        let zone = mapping["zone"].flatMap(zone)
        let cutoff = mapping["cutoff"]?.seconds(.zero...(.seconds(86_400)), such: "one such as 10m")
        guard let from, let to else { return nil }
        if let cutoff, let value = mapping["cutoff"] {
            let minutes = (to.hour - from.hour) * 60 + to.minute - from.minute
            let length = Double((minutes > 0 ? minutes : minutes + 24 * 60) * 60)
            if cutoff >= length {
                value.refuse(
                    "\(Duration.seconds(cutoff).text) is not shorter than the window, which is \(Duration.seconds(length).text) "
                        + "from \(from) to \(to): nothing would ever begin")
            }
        }
        return MaintenanceWindow(
            days: days ?? Set(MaintenanceWindow.Day.allCases), from: from, to: to, zone: zone ?? "UTC",
            cutoff: cutoff ?? 0)
    }

    // MARK: - Days

    /// `daily`, `mon-fri`, `sat,sun`, or a list of such.
    private func days(_ value: SpecValue) -> Set<MaintenanceWindow.Day> {
        var days: Set<MaintenanceWindow.Day> = []
        if value.node.sequence == nil {
            days = self.days(named: value)
        } else {
            for value in value.list(such: "[sat, sun]") ?? [] { days.formUnion(self.days(named: value)) }
            if value.node.sequence?.isEmpty == true {
                value.refuse("is empty; write daily, mon-fri or [sat, sun]")
            }
        }
        return days
    }

    private func days(named value: SpecValue) -> Set<MaintenanceWindow.Day> {
        guard let text = value.text(such: "daily, mon-fri or [sat, sun]") else { return [] }
        if text == "daily" { return Set(MaintenanceWindow.Day.allCases) }
        var days: Set<MaintenanceWindow.Day> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { String($0).trimmingCharacters(in: .whitespaces) }
            let found = ends.compactMap { MaintenanceWindow.Day(rawValue: $0) }
            guard found.count == ends.count, (1...2).contains(ends.count), let first = found.first,
                let last = found.last
            else {
                let wrong = ends.first { MaintenanceWindow.Day(rawValue: $0) == nil } ?? String(part)
                value.refuse(
                    "'\(shortened(wrong))' is no day; write daily, or mon, tue, wed, thu, fri, sat, sun as in mon-fri or [sat, sun]"
                )
                return []
            }
            days.formUnion(Self.days(from: first, to: last))
        }
        return days
    }

    /// All from `first` to `last`, across the end of the week if need be.
    private static func days(
        from first: MaintenanceWindow.Day, to last: MaintenanceWindow.Day
    ) -> [MaintenanceWindow.Day] {
        let all = MaintenanceWindow.Day.allCases
        guard let start = all.firstIndex(of: first), let end = all.firstIndex(of: last) else { return [] }
        let count = (end - start + all.count) % all.count
        return (0...count).map { all[(start + $0) % all.count] }
    }

    // MARK: - Times

    private func time(_ value: SpecValue) -> MaintenanceWindow.TimeOfDay? {
        guard let text = value.text(such: "a time such as 22:00") else { return nil }
        guard let time = MaintenanceWindow.TimeOfDay(text) else {
            let hint = text == "24:00" ? "00:00" : "hours and minutes, such as 22:00"
            value.refuse("'\(shortened(text))' is no time of day; write \(hint)")
            return nil
        }
        return time
    }

    private func zone(_ value: SpecValue) -> String? {
        guard let text = value.text(such: "a time zone such as Europe/Berlin") else { return nil }
        guard TimeZone(identifier: text) != nil else {
            let hint =
                Self.suggestion(text).map { "did you mean \($0)?" }
                ?? "write one such as Europe/Berlin or UTC"
            value.refuse("'\(shortened(text))' is no time zone; \(hint)")
            return nil
        }
        return text
    }

    /// A zone that is called almost like that, or whose city is.
    private static func suggestion(_ text: String) -> String? {
        let known = TimeZone.knownTimeZoneIdentifiers
        let wanted = text.lowercased()
        return known.first { $0.split(separator: "/").last?.lowercased() == wanted }
            ?? nearest(to: text, among: known)
    }
}
