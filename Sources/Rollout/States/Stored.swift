/// Reading what an older version has stored: a property that it did not have keeps its default.
///
/// Each property that comes to a stored type later is read by this, in the type's `init(from:)`; tests find one that is not.
extension KeyedDecodingContainer {
    /// Replaces `value` by what is there for `key`, if anything is.
    func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
        value = try decodeIfPresent(Value.self, forKey: key) ?? value
    }
}
