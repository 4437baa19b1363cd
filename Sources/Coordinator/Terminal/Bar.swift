import Settings

/// A bar of a fixed width with a percentage: `[######..................]  25%`.
struct Bar: CustomStringConvertible {
    /// From 0 to 1.
    let share: Double
    /// Characters between the brackets.
    var cells = 24

    var description: String {
        let share = min(max(share, 0), 1)
        let full = Int((share * Double(cells)).rounded(.down))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: cells - full)
        return "[\(bar)] \(percent)"
    }

    /// Without the bar: ` 25%`.
    var percent: String { "\(Int(min(max(share, 0), 1) * 100))%".padded(to: 4, left: true) }
}
