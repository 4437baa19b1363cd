extension StringProtocol {
    /// The text in a line, without anything that a terminal obeys: paths and messages of hosts may hold whatever their owners
    /// like. Control characters, line breaks, what turns the direction of writing and what is not seen become `�`; a mark at the start, which would
    /// combine with what is written before, gets a circle to stand on.
    public var plain: String {
        var scalars = String.UnicodeScalarView()
        if unicodeScalars.first?.isMark == true { scalars.append("\u{25CC}") }
        for scalar in unicodeScalars { scalars.append(scalar.isObeyed ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }

    /// The text, each of its lines ``plain``: for what is said in several lines, and repeats what somebody has typed.
    public var plainLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).plain }.joined(
            separator: "\n")
    }
}

extension Unicode.Scalar {
    /// Whether a terminal does something else with it than show it. General category `control` ends at U+009F. Among what can be
    /// ignored are the marks that turn the direction of writing; joiners and variants are how some scripts and signs are written.
    var isObeyed: Bool {
        if [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory) {
            return true
        }
        return properties.isDefaultIgnorableCodePoint && !properties.isVariationSelector
            && !properties.isJoinControl
    }

    /// Whether it is drawn on the character before it.
    fileprivate var isMark: Bool {
        [.nonspacingMark, .spacingMark, .enclosingMark].contains(properties.generalCategory)
    }
}
