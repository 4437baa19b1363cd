/// Finds anchors that are used: nested ones make a few lines into billions of values.
enum Aliases {
    /// Where the first alias is, if there are an anchor and an alias. Looks for what may be one, so it misses none; a text
    /// in quotes may look like one.
    static func place(in text: String) -> TextPlace? {
        var line = 1
        var column = 1
        var before: Unicode.Scalar = "\n"
        var mark: Unicode.Scalar?
        var hasAnchor = false
        var alias: TextPlace?
        for scalar in text.unicodeScalars {
            if let mark, isName(scalar) {
                if mark == "&" {
                    hasAnchor = true
                } else if alias == nil {
                    alias = TextPlace(line: line, column: column - 1)
                }
            }
            mark = (scalar == "&" || scalar == "*") && maySitBehind(before) ? scalar : nil
            before = scalar
            column += 1
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
        return hasAnchor ? alias : nil
    }

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-"
                || scalar == "_")
    }

    private static func maySitBehind(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || "[{,:?\u{FEFF}".unicodeScalars.contains(scalar)
    }
}
