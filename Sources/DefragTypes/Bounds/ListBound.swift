/// A list of at most `most` values that bound themselves. What is beyond is not written.
public enum Items<let most: Int, Element: Codable & Hashable & Sendable>: Bound {
    public static var shape: Shape? { .list(most: most) }

    public static func decode(from decoder: any Decoder) throws -> [Element] {
        try decodeList(from: decoder, most: most) { try $0.decode(Element.self) }
    }

    public static func encode(_ value: [Element], to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for element in value.prefix(most) { try container.encode(element) }
    }
}

/// A list of at most `most` texts. Of a longer one, the last that is written says how many more there are.
public enum Texts<let most: Int, Element: TextBound>: Bound {
    public static var shape: Shape? { .list(most: most) }

    public static func decode(from decoder: any Decoder) throws -> [String] {
        try decodeList(from: decoder, most: most) { try $0.decode(Bounded<Element>.self).wrappedValue }
    }

    public static func encode(_ value: [String], to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        let written = value.count <= most ? value[...] : value.prefix(most - 1)
        for text in written { try container.encode(Element.fitted(text)) }
        if written.count < value.count {
            try container.encode(Element.fitted("and \(value.count - written.count) more"))
        }
    }
}

private func decodeList<Element>(
    from decoder: any Decoder, most: Int, _ next: (inout any UnkeyedDecodingContainer) throws -> Element
) throws -> [Element] {
    var container = try decoder.unkeyedContainer()
    let count = container.count ?? 0
    try checkCount(count, most: most, decoder)
    var list: [Element] = []
    list.reserveCapacity(count)
    while !container.isAtEnd {
        list.append(try next(&container))
        try checkCount(list.count, most: most, decoder)
    }
    return list
}

/// An object of at most `most` entries whose keys are data. What is beyond, in the order of the keys, is not written.
public enum Entries<let most: Int, Key: TextBound, Entry: TextBound>: Bound {
    public static var shape: Shape? {
        Key.shape.flatMap { key in Entry.shape.map { .map(most: most, key: key, value: $0) } }
    }

    public static func decode(from decoder: any Decoder) throws -> [String: String] {
        let container = try decoder.container(keyedBy: TextKey.self)
        let keys = container.allKeys
        try checkCount(keys.count, most: most, decoder)
        var entries: [String: String] = [:]
        for key in keys {
            if let problem = Key.problem(of: key.stringValue) {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "a key is \(problem)"))
            }
            entries[key.stringValue] = try container.decode(Bounded<Entry>.self, forKey: key).wrappedValue
        }
        return entries
    }

    public static func encode(_ value: [String: String], to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: TextKey.self)
        for (key, entry) in value.sorted(by: { $0.key < $1.key }).prefix(most) {
            try container.encode(Entry.fitted(entry), forKey: TextKey(Key.fitted(key)))
        }
    }
}

private func checkCount(_ count: Int, most: Int, _ decoder: any Decoder) throws {
    guard count <= most else {
        throw DecodingError.dataCorrupted(
            .init(
                codingPath: decoder.codingPath,
                debugDescription: "\(count) of them, at most \(most) are allowed"))
    }
}

private struct TextKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}
