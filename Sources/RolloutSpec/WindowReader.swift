import DefragTypes
import Foundation
import Rollout
import Settings
import YAML

/// Reads a maintenance window of a specification.
enum WindowReader {
    private static let example = "{days: mon-fri, from: 22:00, to: 05:00, zone: Europe/Berlin}"

    static func window(_ value: SpecValue) throws(SpecErrors) -> MaintenanceWindow {
        var mapping = try value.mapping(such: example, known: ["days", "from", "to", "zone", "cutoff"])
        let days = mapping.read("days", allDays)
        let from = mapping.required("from", such: "from: 22:00", time)
        let to = mapping.required("to", such: "to: 05:00", time)
        let zone = mapping.read("zone", zone)
        let cutoff = mapping.read("cutoff") { value throws(SpecErrors) in
            let cutoff = try value.seconds(.zero...(.seconds(86_400)), such: "10m")
            guard let from, let to else { return cutoff }
            let minutes = (to.hour - from.hour) * 60 + to.minute - from.minute
            let length = Double((minutes > 0 ? minutes : minutes + 24 * 60) * 60)
            if cutoff >= length {
                throw value.refused(
                    "\(Duration.seconds(cutoff).text) is not shorter than the window, which is \(Duration.seconds(length).text) "
                        + "from \(from) to \(to): nothing would ever begin")
            }
            return cutoff
        }
        guard mapping.errors.problems.isEmpty, let from, let to else { throw mapping.errors }
        return MaintenanceWindow(
            days: days ?? Set(MaintenanceWindow.Day.allCases), from: from, to: to, zone: zone ?? "UTC",
            cutoff: cutoff ?? 0)
    }

    // MARK: - Days

    /// `daily`, `mon-fri`, `sat,sun`, or a list of such.
    private static func allDays(_ value: SpecValue) throws(SpecErrors) -> Set<MaintenanceWindow.Day> {
        guard value.node.sequence != nil else { return try days(value) }
        return try value.filledList(such: "[sat, sun]", remedy: "daily, mon-fri or [sat, sun]", days)
            .reduce([]) { $0.union($1) }
    }

    private static func days(_ value: SpecValue) throws(SpecErrors) -> Set<MaintenanceWindow.Day> {
        let text = try value.text(such: "daily, mon-fri or [sat, sun]")
        if text == "daily" { return Set(MaintenanceWindow.Day.allCases) }
        var days: Set<MaintenanceWindow.Day> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            let found = ends.compactMap { MaintenanceWindow.Day.allCases.map(\.rawValue).firstIndex(of: $0) }
            guard found.count == ends.count, found.count <= 2, let first = found.first, let last = found.last
            else {
                let wrong = ends.first { MaintenanceWindow.Day(rawValue: $0) == nil } ?? String(part)
                throw value.refused(
                    "'\(shortened(wrong))' is no day; write daily, or mon, tue, wed, thu, fri, sat, sun as in mon-fri or [sat, sun]"
                )
            }
            // Across the end of the week if need be.
            let week = MaintenanceWindow.Day.allCases + MaintenanceWindow.Day.allCases
            days.formUnion(week[first...(last < first ? last + 7 : last)])
        }
        return days
    }

    // MARK: - Times

    private static func time(_ value: SpecValue) throws(SpecErrors) -> MaintenanceWindow.TimeOfDay {
        let text = try value.text(such: "a time such as 22:00")
        guard let time = MaintenanceWindow.TimeOfDay(text) else {
            let hint = text == "24:00" ? "00:00" : "hours and minutes, such as 22:00"
            throw value.refused("'\(shortened(text))' is no time of day; write \(hint)")
        }
        return time
    }

    private static func zone(_ value: SpecValue) throws(SpecErrors) -> String {
        let text = try value.text(such: "a time zone such as Europe/Berlin")
        guard TimeZone(identifier: text) != nil else {
            let hint =
                suggestion(text).map { "did you mean \($0)?" } ?? "write one such as Europe/Berlin or UTC"
            throw value.refused("'\(shortened(text))' is no time zone; \(hint)")
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
