/// A text of the operator's in a message: its first `most` characters.
public func shortened(_ text: String, _ most: Int = 60) -> String {
    text.count > most ? text.prefix(most) + "…" : text
}
