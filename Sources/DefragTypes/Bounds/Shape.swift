/// What a field may hold, as a value: the same that its type checks.
public indirect enum Shape: Hashable, Sendable {
    /// A text of so many bytes of UTF-8, in a form; a writer cuts it at `written`.
    case text(bytes: ClosedRange<Int>, form: TextForm, written: Int)
    /// An integer.
    case integer(ClosedRange<Int64>)
    /// A number, whole or not.
    case number(ClosedRange<Double>)
    /// A list; its elements have a shape of their own.
    case list(most: Int)
    /// An object whose keys are data.
    case map(most: Int, key: Shape, value: Shape)
}

/// What a text is made of.
public enum TextForm: String, Hashable, Sendable {
    /// Letters, digits and `-`, `_`, `.` of ASCII: a code, a label.
    case code
    /// No control characters: an id, a name.
    case name
    /// Any character. Written without control characters other than tab and line feed: words for people.
    case words
    /// Any character: data, such as a path. Written without NUL, which has no place in a message.
    case data
}

/// A type that says what its values may be.
public protocol SelfDescribing {
    /// What its values may be.
    static var shape: Shape? { get }
}
