/// A regular expression of a permission, as RabbitMQ reads it: found anywhere in a name unless it is anchored, and `^$` if it is
/// empty (`rabbit_auth_backend_internal`).
struct RightsPattern {
    let text: String
    private let expression: Regex<AnyRegexOutput>?

    /// `text`, with the account and virtual host in the place of `{username}` and `{vhost}`, as topic permissions have it.
    init(_ text: String, user: String = "", virtualHost: String = "") {
        self.text = text
        let expanded = text.replacing("{username}", with: user).replacing("{vhost}", with: virtualHost)
        expression = try? Regex(expanded.isEmpty ? "^$" : expanded)
    }

    /// Whether it can be understood. The broker's language has a little more.
    var isUnderstood: Bool { expression != nil }

    /// Whether `name` has it; so too if it cannot be understood.
    func matches(_ name: String) -> Bool {
        guard let expression else { return true }
        return (try? expression.firstMatch(in: name)) != nil
    }

    /// Whether it says how a name begins and how it ends, or from which dot on it is free.
    var isAnchored: Bool {
        text.isEmpty || text == "^$"
            || (text.hasPrefix("^") && !hasFreeAlternative
                && [#"$"#, #"\."#].contains { text.hasSuffix($0) && !text.hasSuffix(#"\$"#) })
    }

    /// Whether a name that it matches is written in it as it is: it has no wildcards but for brackets with alternatives.
    var isPlain: Bool {
        text.allSatisfy { $0.isLetter || $0.isNumber || #"^$\.()|-"#.contains($0) }
            && text.replacing(#"\."#, with: "").allSatisfy { $0 != "." && $0 != "\\" }
    }

    /// Whether there is a `|` that no brackets hold: each side is a pattern of its own then.
    private var hasFreeAlternative: Bool {
        var depth = 0
        var isEscaped = false
        for character in text {
            if isEscaped {
                isEscaped = false
                continue
            }
            switch character {
            case "\\": isEscaped = true
            case "(": depth += 1
            case ")": depth -= 1
            case "|" where depth == 0: return true
            default: break
            }
        }
        return false
    }
}
