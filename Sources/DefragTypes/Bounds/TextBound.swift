/// A text of bounded length.
public protocol TextBound: Bound where Value == String {
    /// How many bytes of UTF-8 are read.
    static var bytes: ClosedRange<Int> { get }
    /// How many are written: fewer where earlier versions wrote more than they should.
    static var writtenBytes: Int { get }
    /// What it is made of.
    static var form: TextForm { get }
}

extension TextBound {
    public static var writtenBytes: Int { bytes.upperBound }

    public static var shape: Shape? { .text(bytes: bytes, form: form, written: writtenBytes) }

    public static func decode(from decoder: any Decoder) throws -> String {
        let text = try String(from: decoder)
        if let problem = problem(of: text) {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: problem))
        }
        return text
    }

    public static func encode(_ value: String, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(fitted(value))
    }

    /// What is wrong with `text`, without quoting it; `nil` if nothing is.
    static func problem(of text: String) -> String? {
        let count = text.utf8.count
        guard bytes.contains(count) else {
            return count > bytes.upperBound
                ? "a text of \(count) bytes, at most \(bytes.upperBound) are allowed" : "an empty text"
        }
        return form.admits(text) ? nil : "a text with characters that a \(form) does not have"
    }

    /// What of `text` is written.
    public static func fitted(_ text: String) -> String {
        let isMarked = form == .words
        let cut = text.cut(toBytes: writtenBytes, isMarked: isMarked)
        // What stands for a character may be longer than it.
        return form.cleaned(cut).cut(toBytes: writtenBytes, isMarked: isMarked)
    }
}

extension TextForm {
    /// Whether `text` has nothing but what this form has.
    func admits(_ text: String) -> Bool {
        switch self {
        case .code: text.utf8.allSatisfy(Self.isOfCode)
        case .name: text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        case .words, .data: true
        }
    }

    /// `text` with something harmless for each character that this form does not write.
    fileprivate func cleaned(_ text: String) -> String {
        switch self {
        case .code where !admits(text):
            String(decoding: text.utf8.map { Self.isOfCode($0) ? $0 : 0x5f }, as: UTF8.self)
        case .name where !admits(text): text.replacingControls { _ in true }
        case .words where !TextForm.name.admits(text): text.replacingControls { $0 != "\n" && $0 != "\t" }
        case .data where text.utf8.contains(0): text.replacingControls { $0 == "\0" }
        default: text
        }
    }

    private static func isOfCode(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }
}

extension String {
    /// The first characters, in at most `bytes` bytes; with an ellipsis where it is cut and `isMarked`.
    fileprivate func cut(toBytes bytes: Int, isMarked: Bool) -> String {
        guard utf8.count > bytes else { return self }
        let ellipsis = isMarked ? "…" : ""
        var end = utf8.index(startIndex, offsetBy: bytes - ellipsis.utf8.count)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + ellipsis
    }

    fileprivate func replacingControls(where isUnwanted: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let isControl = scalar.value < 0x20 || scalar.value == 0x7f
            text.append(isControl && isUnwanted(scalar) ? "\u{FFFD}" : scalar)
        }
        return String(text)
    }
}
