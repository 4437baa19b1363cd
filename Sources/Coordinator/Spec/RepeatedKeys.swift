/// Renames keys that stand twice in one mapping, which the parser refuses at the first of them: so everything else in the
/// text can still be read and told.
struct RepeatedKeys {
    private(set) var text: String
    /// What was renamed to what it was.
    private(set) var names: [String: String] = [:]

    init(_ text: String) {
        self.text = text
    }

    /// Renames the key at `place`. Returns whether that was possible.
    mutating func rename(_ name: String, at place: TextPlace) -> Bool {
        // Each takes another pass over the text.
        guard names.count < 20, !name.isEmpty, let start = index(of: place),
            let stand = Unicode.Scalar(0xE000 + UInt32(names.count))
        else { return false }
        var scalars = text.unicodeScalars
        var first = start
        if scalars[first] == "\"" || scalars[first] == "'" { scalars.formIndex(after: &first) }
        guard scalars[first...].starts(with: name.unicodeScalars) else { return false }
        let end = scalars.index(first, offsetBy: name.unicodeScalars.count)
        // As long as it was, so that the places of all that follows stay true.
        let other = String(String.UnicodeScalarView(repeatElement(stand, count: name.unicodeScalars.count)))
        scalars.replaceSubrange(first..<end, with: other.unicodeScalars)
        text = String(scalars)
        names[other] = name
        return true
    }

    private func index(of place: TextPlace) -> String.Index? {
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        for _ in 1..<max(place.line, 1) {
            guard let end = scalars[start...].firstIndex(of: "\n") else { return nil }
            start = scalars.index(after: end)
        }
        guard let index = scalars.index(start, offsetBy: place.column - 1, limitedBy: scalars.endIndex),
            index < scalars.endIndex
        else { return nil }
        return index
    }
}
