/// A number within a range.
public protocol NumberBound: Bound where Value: BoundedNumber {
    /// What is read; what is outside is written as the nearest within.
    static var range: ClosedRange<Value> { get }
}

extension NumberBound {
    public static var shape: Shape? { Value.shape(of: range) }

    public static func decode(from decoder: any Decoder) throws -> Value {
        let value = try Value(from: decoder)
        // A comparison that is false of NaN.
        guard range.contains(value) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "not from \(range.lowerBound) to \(range.upperBound)"))
        }
        return value
    }

    public static func encode(_ value: Value, to encoder: any Encoder) throws {
        try fitted(value).encode(to: encoder)
    }

    /// The nearest value within the range; of what cannot be compared (NaN) the least.
    public static func fitted(_ value: Value) -> Value {
        value > range.upperBound ? range.upperBound : value >= range.lowerBound ? value : range.lowerBound
    }
}

/// A number that a ``NumberBound`` can be about.
public protocol BoundedNumber: Comparable, Codable, Hashable, Sendable {
    /// The shape of the numbers within `range`.
    static func shape(of range: ClosedRange<Self>) -> Shape
}

extension BoundedNumber where Self: BinaryInteger {
    public static func shape(of range: ClosedRange<Self>) -> Shape {
        .integer(Int64(clamping: range.lowerBound)...Int64(clamping: range.upperBound))
    }
}

extension Int: BoundedNumber {}
extension Int64: BoundedNumber {}
extension UInt64: BoundedNumber {}

extension Double: BoundedNumber {
    public static func shape(of range: ClosedRange<Double>) -> Shape { .number(range) }
}

extension ByteCount: BoundedNumber {
    public static func shape(of range: ClosedRange<ByteCount>) -> Shape {
        .integer(range.lowerBound.rawValue...range.upperBound.rawValue)
    }
}
