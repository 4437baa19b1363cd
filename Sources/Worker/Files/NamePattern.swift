/// A pattern of one name, as in fnmatch(3) but whatever the locale: `*` for any characters, `?` for one, `[a-z]`, `[!a]` and
/// `[[:digit:]]` for one of a set. A character is a Unicode scalar. A backslash takes their meaning from `*?[]\` and is itself
/// before anything else, as in the names that systemd escapes (`a\x2db.img`).
struct NamePattern: Hashable, Sendable {
    private enum Token: Hashable {
        case scalar(Unicode.Scalar)
        case one
        case many
        case set(CharacterSet)
    }

    private let tokens: [Token]

    init(_ text: String) {
        var rest = Array(text.unicodeScalars)[...]
        var tokens: [Token] = []
        while let next = rest.popFirst() {
            switch next {
            case "*": if tokens.last != .many { tokens.append(.many) }
            case "?": tokens.append(.one)
            case "[":
                if let set = CharacterSet(&rest) {
                    tokens.append(.set(set))
                } else {
                    tokens.append(.scalar(next))
                }
            case "\\": tokens.append(.scalar(unescaped(&rest)))
            default: tokens.append(.scalar(next))
            }
        }
        self.tokens = tokens
    }

    func matches(_ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        var (token, scalar) = (0, 0)
        /// Where to go on if what follows the last `*` does not match: one scalar later.
        var retry: (token: Int, scalar: Int)?
        while scalar < scalars.count || token < tokens.count {
            if token < tokens.count {
                if tokens[token] == .many {
                    retry = (token, scalar)
                    token += 1
                    continue
                }
                if scalar < scalars.count, admits(tokens[token], scalars[scalar]) {
                    (token, scalar) = (token + 1, scalar + 1)
                    continue
                }
            }
            guard let last = retry, last.scalar < scalars.count else { return false }
            retry = (last.token, last.scalar + 1)
            (token, scalar) = (last.token + 1, last.scalar + 1)
        }
        return true
    }

    private func admits(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
        switch token {
        case .scalar(let expected): scalar == expected
        case .one: true
        case .set(let set): set.admits(scalar)
        case .many: false
        }
    }
}

/// What is between brackets.
private struct CharacterSet: Hashable {
    private var isNegated = false
    private var ranges: [ClosedRange<Unicode.Scalar>] = []
    private var classes: [String] = []

    /// Takes the set from `rest`, which is behind its bracket; `nil`, and nothing taken, where it is not closed.
    init?(_ rest: inout ArraySlice<Unicode.Scalar>) {
        var inner = rest
        if inner.first == "!" || inner.first == "^" {
            isNegated = true
            inner.removeFirst()
        }
        var isFirst = true
        while let next = inner.popFirst() {
            if next == "]", !isFirst {
                rest = inner
                return
            }
            isFirst = false
            if next == "[", inner.first == ":", let name = Self.className(&inner) {
                classes.append(name)
                continue
            }
            let lower = next == "\\" ? unescaped(&inner, "-!^") : next
            var upper = lower
            if inner.first == "-", let end = inner.dropFirst().first, end != "]" {
                inner.removeFirst(2)
                upper = end == "\\" ? unescaped(&inner, "-!^") : end
            }
            if lower <= upper { ranges.append(lower...upper) }
        }
        return nil
    }

    func admits(_ scalar: Unicode.Scalar) -> Bool {
        let isMember =
            ranges.contains { $0.contains(scalar) } || classes.contains { Self.admits(scalar, $0) }
        return isMember != isNegated
    }

    /// Takes `:name:]` from `rest`.
    private static func className(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
        guard let end = rest.dropFirst().firstIndex(of: ":"), rest[(end + 1)...].first == "]" else {
            return nil
        }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: rest[(rest.startIndex + 1)..<end])
        rest = rest[(end + 2)...]
        return String(name)
    }

    private static func admits(_ scalar: Unicode.Scalar, _ name: String) -> Bool {
        let isDigit = ("0"..."9").contains(scalar)
        let isAlphabetic = scalar.properties.isAlphabetic
        switch name {
        case "digit": return isDigit
        case "alpha": return isAlphabetic
        case "alnum": return isDigit || isAlphabetic
        case "upper": return scalar.properties.isUppercase
        case "lower": return scalar.properties.isLowercase
        case "space": return scalar.properties.isWhitespace
        case "xdigit": return scalar.properties.isASCIIHexDigit
        case "punct": return ("!"..."~").contains(scalar) && !isDigit && !isAlphabetic
        default: return false
        }
    }
}

/// What a backslash before `rest` stands for, where `others` have a meaning as well.
private func unescaped(_ rest: inout ArraySlice<Unicode.Scalar>, _ others: String = "") -> Unicode.Scalar {
    guard let next = rest.first, ("*?[]\\" + others).unicodeScalars.contains(next) else { return "\\" }
    rest.removeFirst()
    return next
}
