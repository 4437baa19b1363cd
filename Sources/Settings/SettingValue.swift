/// What a file has for a setting. The environment has texts only.
public enum SettingValue: Hashable, Sendable {
    case text(String)
    case number(Double)
    case list([String])
    case table([String: String])
}

extension SettingValue: Decodable {
    /// Whichever of them it is.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let list = try? container.decode([String].self) {
            self = .list(list)
        } else if let table = try? container.decode([String: String].self) {
            self = .table(table)
        } else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "a setting is a text, a number, a list of texts or a table of texts")
        }
    }
}
