/// The name of a host: a slug `[a-z0-9-]{1,63}` that neither starts nor ends with a hyphen.
///
/// Dots would separate words of a topic routing key and are wildcards in permission patterns; so there are none.
public struct HostName: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The slug.
    public let description: String

    /// Accepts a slug as it is; `nil` for anything else.
    public init?(_ text: String) {
        let allowed = text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
        }
        guard allowed, (1...63).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"),
            text.utf8.last != UInt8(ascii: "-")
        else {
            return nil
        }
        description = text
    }

    /// Makes a slug of a machine's own name: lower case, everything that is not a letter or digit a hyphen.
    ///
    /// `nil` when nothing is left.
    public init?(slugFrom machineName: String) {
        let lowered = machineName.lowercased().prefix(63)
        let slug = String(lowered.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        let trimmed = slug.drop { $0 == "-" }
        self.init(
            String(
                trimmed.prefix(
                    upTo: trimmed.lastIndex { $0 != "-" }.map(trimmed.index(after:)) ?? trimmed.endIndex)))
    }

    public static func < (left: HostName, right: HostName) -> Bool { left.description < right.description }
}

extension HostName: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = HostName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a host's name is 1 to 63 of a-z, 0-9 and -")
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
