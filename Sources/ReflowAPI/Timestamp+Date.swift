public import DefragTypes
public import Foundation

extension Timestamp {
    /// Reads RFC 3339 with any offset; `nil` for anything else.
    public init?(rfc3339 text: String) {
        let plain = Date.ISO8601FormatStyle()
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = (try? plain.parse(text)) ?? (try? fractional.parse(text)) else { return nil }
        self.init(date)
    }

    /// The time of `date`.
    public init(_ date: Date) {
        // Some 30,000 years to either side.
        let seconds = max(-1e12, min(date.timeIntervalSince1970, 1e12))
        let milliseconds = Int64((seconds * 1000).rounded(.down))
        let whole = milliseconds.quotientAndRemainder(dividingBy: 1000)
        self.init(unixSeconds: whole.quotient, milliseconds: Int(whole.remainder))
    }

    /// The moment that it names; `nil` where it has a form that is not understood.
    public var date: Date? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: description.contains("."))
        return try? style.parse(description)
    }
}
