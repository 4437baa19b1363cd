import DefragTypes
public import Logging

/// The settings of a program as its file and the environment have them, made into values; collects everything that is wrong.
///
/// A reader of the file calls ``take(_:_:at:line:)`` for each setting, and ``refuse(_:line:)`` for what is none. What the
/// environment has goes before. A value that is asked for and not right is `nil`, and noted.
public struct SettingsReader<Key: SettingKey> {
    private struct Found {
        var value: SettingValue
        /// For messages: `reflow.yaml line 3: database`, or the variable's name.
        var place: String
        /// The line in the file; `nil` where the file's reader does not know it, and for the environment.
        var line: Int?
        var isFromFile: Bool
    }

    private var found: [Key: Found] = [:]
    private var refusals: [(line: Int, text: String)] = []

    /// Begins with what `environment` has.
    public init(environment: [String: String]) {
        for key in Key.allCases {
            guard let text = environment[key.variable] else { continue }
            found[key] = Found(value: .text(text), place: key.variable, isFromFile: false)
        }
    }

    /// What is wrong, a sentence each: in the order of the file's lines, then what has none, in the order of asking.
    public var problems: [String] { refusals.sorted { $0.line < $1.line }.map(\.text) }

    // MARK: - What the file has

    /// The file has `value` at `place`, which messages name.
    public mutating func take(_ key: Key, _ value: SettingValue, at place: String, line: Int? = nil) {
        guard found[key] == nil else { return }
        found[key] = Found(value: value, place: place, line: line, isFromFile: true)
    }

    /// Notes a problem that is not one setting's.
    public mutating func refuse(_ problem: String, line: Int? = nil) {
        refusals.append((line ?? .max, problem))
    }

    /// All names, for a message about one that is none of them.
    public static var names: String { Key.allCases.map(\.rawValue).joined(separator: ", ") }

    // MARK: - Values

    public func has(_ key: Key) -> Bool { found[key] != nil }

    /// Whether the value that counts is the file's.
    public func isFromFile(_ key: Key) -> Bool { found[key]?.isFromFile ?? false }

    /// Notes what is wrong with `key`; `why` goes on after its place, as in `is at least 25s`.
    public mutating func refuse(_ key: Key, _ why: String) {
        refuse("\(found[key]?.place ?? key.place) \(why)", line: found[key]?.line)
    }

    /// Notes an error that the value of `key` leads to.
    public mutating func refuse(_ key: Key, because error: String) {
        refuse("\(found[key]?.place ?? key.place): \(error)", line: found[key]?.line)
    }

    /// The text. Anything else is refused.
    public mutating func text(_ key: Key) -> String? { value(key, "") { $0 } }

    /// What `parse` makes of the text; refused as `wrong` where that is nothing, as in `is not a port`.
    public mutating func value<Value>(
        _ key: Key, _ wrong: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let entry = found[key] else { return nil }
        guard case .text(let text) = entry.value else {
            refuse(key, "is one text")
            return nil
        }
        let value = parse(text)
        if value == nil { refuse(key, because: "'\(text)' \(wrong)") }
        return value
    }

    /// A duration: a text such as `60s`, or in a file a number of seconds.
    public mutating func duration(_ key: Key, such example: String) -> Duration? {
        if case .number(let seconds)? = found[key]?.value { return Duration(saturating: seconds) }
        return value(key, "is not a duration such as \(example)", Duration.init(text:))
    }

    public mutating func absolutePath(_ key: Key) -> String? {
        value(key, "is not an absolute path") { $0.isAbsolutePath ? $0 : nil }
    }

    public mutating func logLevel(_ key: Key) -> Logger.Level? {
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        return value(key, "is none of \(levels)", Logger.Level.init(rawValue:))
    }

    public mutating func logFormat(_ key: Key) -> LogFormat? {
        let formats = LogFormat.allCases.map(\.rawValue).joined(separator: " nor ")
        return value(key, "is neither \(formats)", LogFormat.init(rawValue:))
    }

    /// A list: of texts in a file, separated by colons in the environment.
    public mutating func list(_ key: Key) -> [String]? {
        switch found[key] {
        case nil: return nil
        case let entry? where !entry.isFromFile: return text(key)?.split(separator: ":").map(String.init)
        case let entry?:
            if case .list(let texts) = entry.value { return texts }
            refuse(key, "is a list of texts")
            return nil
        }
    }

    /// Labels: a table of texts in a file, `rack=r1,cluster=c2` in the environment.
    public mutating func labels(_ key: Key) -> [String: String]? {
        guard let labels = found[key]?.isFromFile == true ? table(key) : pairs(key) else { return nil }
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) where !isLabel(name) || !isLabel(value) {
            refuse(
                key,
                because: "'\(name)=\(value)' is no label: key and value are 1 to 63 of a-z, A-Z, 0-9 and -_.")
            return nil
        }
        return labels
    }

    private mutating func table(_ key: Key) -> [String: String]? {
        if case .table(let table)? = found[key]?.value { return table }
        refuse(key, "is a table of texts")
        return nil
    }

    private mutating func pairs(_ key: Key) -> [String: String]? {
        var pairs: [String: String] = [:]
        guard let text = text(key) else { return nil }
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, pairs.updateValue(String(parts[1]), forKey: String(parts[0])) == nil
            else {
                refuse(
                    key, because: "'\(pair)' is not key=value, or comes twice; write rack=r1,cluster=c2")
                return nil
            }
        }
        return pairs
    }
}
