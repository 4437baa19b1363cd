extension StringProtocol {
    /// The text in a line, without anything that a terminal obeys: paths and messages of hosts may hold whatever their owners
    /// like. Control characters, line breaks and what turns the direction of writing become `�`; a mark at the start, which would
    /// combine with what is written before, gets a circle to stand on.
    public var plain: String {
        var scalars = String.UnicodeScalarView()
        if unicodeScalars.first?.isMark == true { scalars.append("\u{25CC}") }
        for scalar in unicodeScalars { scalars.append(scalar.isObeyed ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    /// Whether a terminal does something else with it than show it. General category `control` ends at U+009F.
    var isObeyed: Bool {
        switch self {
        case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}", "\u{200E}", "\u{200F}", "\u{61C}": true
        default: [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
        }
    }

    /// Whether it is drawn on the character before it.
    fileprivate var isMark: Bool {
        [.nonspacingMark, .spacingMark, .enclosingMark].contains(properties.generalCategory)
    }
}
