/// A number, or a share of a whole: `8` or `5%`.
public enum Share: Hashable, Sendable {
    /// So many.
    case number(Int)
    /// So many of a hundred.
    case percent(Double)

    /// Reads `8` or `5%`; `nil` for anything else, and for what is negative or above 100%.
    public init?(_ text: String) {
        if let number = Int(text), number >= 0 {
            self = .number(number)
        } else if text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) {
            self = .percent(percent)
        } else {
            return nil
        }
    }

    /// How many of `total` that is, rounded down.
    public func count(of total: Int) -> Int {
        switch self {
        case .number(let number): number
        // 29% of 100 is 28.999… in binary.
        case .percent(let percent): Int((Double(total) * percent / 100 + 1e-9).rounded(.down))
        }
    }
}

extension Share: CustomStringConvertible {
    public var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .percent(let percent) where percent == percent.rounded(): "\(Int(percent))%"
        case .percent(let percent): "\(percent)%"
        }
    }
}

extension Share: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try (try? container.decode(Int.self)).map(String.init) ?? container.decode(String.self)
        guard let share = Share(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is neither a number nor a percentage such as 5%")
        }
        self = share
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .percent: try container.encode(description)
        }
    }
}
