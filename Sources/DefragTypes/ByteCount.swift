/// A number of bytes, or a byte offset into a file.
///
/// Encodes as a bare integer. Text uses binary units, as the command lines do: `512KiB`, `16MiB`, `1GiB`.
public struct ByteCount: RawRepresentable, Hashable, Comparable, Sendable {
    /// The number of bytes.
    public var rawValue: Int64

    /// A count of `rawValue` bytes.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// A count of `bytes` bytes.
    public init(_ bytes: some BinaryInteger) {
        self.rawValue = Int64(clamping: bytes)
    }

    /// No bytes; the start of a file.
    public static let zero = ByteCount(0)

    /// 256 TiB: what a single file counts for at most where a million of them are added up. Sparse files can claim
    /// to be larger.
    public static let mostCounted = ByteCount(1 << 48)

    /// `count` times 1024 bytes.
    public static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 10) }

    /// `count` times 1024² bytes.
    public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }

    /// `count` times 1024³ bytes.
    public static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 30) }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.rawValue < right.rawValue }
    /// A sum or difference that does not fit stays at the nearest number that does: files may end at 2^63, and what many
    /// hosts report is added up. Nothing of that may trap.
    public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        let (sum, overflow) = left.rawValue.addingReportingOverflow(right.rawValue)
        return ByteCount(!overflow ? sum : right.rawValue < 0 ? .min : .max)
    }
    public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
        let (difference, overflow) = left.rawValue.subtractingReportingOverflow(right.rawValue)
        return ByteCount(!overflow ? difference : right.rawValue > 0 ? .min : .max)
    }
    public static func += (left: inout ByteCount, right: ByteCount) { left = left + right }
    public static func -= (left: inout ByteCount, right: ByteCount) { left = left - right }
}

extension ByteCount {
    /// So many bytes, rounded; the nearest number that fits, and of what is no number zero.
    public init(saturating bytes: Double) {
        self.init(Int64(exactly: bytes.rounded()) ?? (bytes.isNaN ? 0 : bytes < 0 ? .min : .max))
    }
}

extension ByteCount: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) {
        self.rawValue = value
    }
}

extension ByteCount: Codable {
    public init(from decoder: any Decoder) throws {
        self.rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension ByteCount: LosslessStringConvertible {
    private static let units: [(suffix: String, shift: Int64)] = [
        ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0),
    ]

    /// Parses `4096`, `512KiB`, `16MiB`, `1.5GiB`, `2TiB`; `nil` for anything else, for negative numbers, and
    /// for what does not fit into 63 bits.
    public init?(_ text: String) {
        let unit = Self.units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        let scale = Int64(1) << (unit?.shift ?? 0)
        if digits.allSatisfy(isDigit), let whole = Int64(digits) {
            let (bytes, overflow) = whole.multipliedReportingOverflow(by: scale)
            guard !overflow else { return nil }
            self.rawValue = bytes
        } else {
            guard scale > 1, let fraction = decimal(digits),
                let bytes = Int64(exactly: (fraction * Double(scale)).rounded())
            else { return nil }
            self.rawValue = bytes
        }
    }

    /// The shortest of `4096B`, `512KiB`, `1.5GiB`, with at most one decimal: for people, not for parsing back.
    public var description: String {
        for (index, unit) in Self.units.enumerated() where rawValue.magnitude >= UInt64(1) << unit.shift {
            let tenths = Int64((Double(rawValue) * 10 / Double(Int64(1) << unit.shift)).rounded())
            if tenths.magnitude == 10240, index > 0 {
                return (tenths < 0 ? "-1" : "1") + Self.units[index - 1].suffix
            }
            return "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths.magnitude % 10)") + unit.suffix
        }
        return "0B"
    }
}

/// Parses an unsigned decimal number such as `12` or `1.5`: no sign, no exponent, no hexadecimal, no `inf`.
func decimal(_ text: some StringProtocol) -> Double? {
    guard let first = text.first, isDigit(first), let last = text.last, isDigit(last),
        text.allSatisfy({ isDigit($0) || $0 == "." })
    else { return nil }
    return Double(text)
}

private func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
