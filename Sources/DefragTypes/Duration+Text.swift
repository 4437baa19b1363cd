extension Duration {
    private static let units: [(suffix: String, seconds: Double)] = [
        ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400),
    ]

    /// Parses `20ms`, `60s`, `1.5h`, `2d`, `0`. `nil` for anything else: a bare number would be taken for
    /// milliseconds by one and for seconds by another.
    public init?(text: String) {
        let number = text.prefix { !$0.isLetter }
        let suffix = text.dropFirst(number.count)
        guard let value = decimal(number),
            let unit = suffix.isEmpty && value == 0
                ? 1 : Self.units.first(where: { $0.suffix == suffix })?.seconds,
            value * unit < 1e12
        else { return nil }
        self = .seconds(value * unit)
    }

    /// So many seconds, at most some 30,000 years; of what is no number none.
    public init(saturating seconds: Double) {
        self = .seconds(seconds.isNaN ? 0 : max(-1e12, min(seconds, 1e12)))
    }

    /// The same length of time in seconds.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// The same length of time in milliseconds.
    public var inMilliseconds: Double { inSeconds * 1000 }

    /// For people: `340us`, `18ms`, `4.2s`, `3m20s`, `1h05m`.
    public var text: String {
        let seconds = inSeconds
        if seconds < 0 { return "-" + (Duration.zero - self).text }
        if seconds == 0 { return "0s" }
        // Rounded before the unit is chosen: 999.9ms is 1s, not 1000ms.
        let microseconds = (seconds * 1e6).rounded()
        if microseconds < 1000 { return "\(Int(microseconds))us" }
        let milliseconds = (seconds * 1e3).rounded()
        if milliseconds < 1000 { return "\(Int(milliseconds))ms" }
        if (seconds * 10).rounded() < 600 {
            let tenths = Int((seconds * 10).rounded())
            return "\(tenths / 10)" + (tenths % 10 == 0 ? "s" : ".\(tenths % 10)s")
        }
        let whole = Int(seconds.rounded())
        let (large, small, units) =
            whole < 3600
            ? (whole / 60, whole % 60, ("m", "s")) : (whole / 3600, whole % 3600 / 60, ("h", "m"))
        return "\(large)\(units.0)\(small < 10 ? "0" : "")\(small)\(units.1)"
    }
}
