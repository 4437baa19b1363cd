/// Whether `text` can be the key or the value of a label: 1 to 63 of a-z, A-Z, 0-9 and `-_.`.
public func isLabel(_ text: String) -> Bool {
    (1...63).contains(text.utf8.count)
        && text.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                    || "-_.".unicodeScalars.contains($0))
        }
}
