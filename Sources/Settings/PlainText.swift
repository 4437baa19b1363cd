extension StringProtocol {
    /// The text in a line, without anything that a terminal obeys: paths and messages of hosts may hold whatever their owners
    /// like. Control characters, line breaks and what turns the direction of writing become `�`.
    public var plain: String {
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(scalar.isObeyed ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    fileprivate var isObeyed: Bool {
        switch self {
        case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": true
        default: [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
        }
    }
}
