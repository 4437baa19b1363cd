/// What a field of a message may hold at most, as a type: a text's length, a number's range, how many a list has.
///
/// Reading checks: what is out of bounds is no value of this type, whoever sent it. Writing fits: a text is cut, a
/// number moved into its range, a list shortened, so that what a program writes every other one reads.
public protocol Bound {
    /// What the field is to the program: `String`, `Int`, an array.
    associatedtype Value: Hashable, Sendable

    /// The bound as a value, for documentation, schemas and tests; `nil` where it is that of the value's own fields.
    static var shape: Shape? { get }

    /// Reads a value.
    ///
    /// - Throws: `DecodingError.dataCorrupted`, with the value's size and the bound but never the value itself.
    static func decode(from decoder: any Decoder) throws -> Value

    /// Writes what of `value` is within the bound.
    static func encode(_ value: Value, to encoder: any Encoder) throws
}

/// A stored property whose bound is part of its type: `@Bounded<PathText> var path: String`.
@propertyWrapper
public struct Bounded<Rule: Bound>: Hashable, Sendable {
    public var wrappedValue: Rule.Value

    /// Holds `wrappedValue` as it is: bounds hold for what is read and what is written.
    public init(wrappedValue: Rule.Value) {
        self.wrappedValue = wrappedValue
    }
}

extension Bounded: Codable {
    public init(from decoder: any Decoder) throws {
        wrappedValue = try Rule.decode(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        try Rule.encode(wrappedValue, to: encoder)
    }
}

extension Bounded: SelfDescribing {
    public static var shape: Shape? { Rule.shape }
}

/// The bound of a field that may be absent or null.
extension Optional: Bound where Wrapped: Bound {
    public typealias Value = Wrapped.Value?

    public static var shape: Shape? { Wrapped.shape }

    public static func decode(from decoder: any Decoder) throws -> Wrapped.Value? {
        try decoder.singleValueContainer().decodeNil() ? nil : Wrapped.decode(from: decoder)
    }

    public static func encode(_ value: Wrapped.Value?, to encoder: any Encoder) throws {
        if let value {
            try Wrapped.encode(value, to: encoder)
        } else {
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        }
    }
}

// Synthesized code asks for the wrapper, which is always there: these say what its absence means.
extension KeyedDecodingContainer {
    public func decode<Rule: Bound>(_: Bounded<Rule?>.Type, forKey key: Key) throws -> Bounded<Rule?> {
        Bounded(wrappedValue: try decodeIfPresent(Bounded<Rule>.self, forKey: key)?.wrappedValue)
    }

    /// Reads a field that stands for `value` where it is absent.
    public func decode<Rule: Bound>(or value: Rule.Value, forKey key: Key) throws -> Bounded<Rule> {
        try decodeIfPresent(Bounded<Rule>.self, forKey: key) ?? Bounded(wrappedValue: value)
    }
}

extension KeyedEncodingContainer {
    public mutating func encode<Rule: Bound>(_ value: Bounded<Rule?>, forKey key: Key) throws {
        try encodeIfPresent(value.wrappedValue.map { Bounded<Rule>(wrappedValue: $0) }, forKey: key)
    }

    /// Writes null where there is no value.
    mutating func encodeOrNull<Rule: Bound>(_ value: Bounded<Rule?>, forKey key: Key) throws {
        try encode(value.wrappedValue.map { Bounded<Rule>(wrappedValue: $0) }, forKey: key)
    }
}
