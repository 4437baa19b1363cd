/// One setting of a policy as text: the command-line options of both programs, and `key=value`, come from here.
public struct PolicySetting: Sendable {
    /// The JSON key, such as `maxPause`.
    public let key: String
    /// What stands for the value in help texts, such as `DUR`.
    public let placeholder: String
    /// One line of help, with the default.
    public let help: String
    private let apply: @Sendable (String, inout PolicyOverrides) -> Bool
    private let show: @Sendable (PolicyOverrides) -> String?

    /// The long option: `--max-pause` for `maxPause`.
    public var option: String {
        "--" + key.map { $0.isUppercase ? "-\($0.lowercased())" : String($0) }.joined()
    }

    /// Sets this setting in `overrides` from `text`.
    ///
    /// - Throws: ``PolicyTextError`` when the text does not parse or is out of range.
    public func set(_ text: String, in overrides: inout PolicyOverrides) throws(PolicyTextError) {
        var changed = overrides
        guard apply(text, &changed) else {
            throw PolicyTextError(
                kind: .malformed, message: "'\(text)' is not a valid \(placeholder) for \(option)\(example)")
        }
        if let problem = changed.problem {
            throw PolicyTextError(kind: .outOfRange(problem), message: "\(option) \(text): \(problem)")
        }
        overrides = changed
    }

    /// What a value looks like, for whoever has left the unit out.
    private var example: String {
        switch placeholder {
        case "DUR": ": 20ms, 1s"
        case "SIZE": ": 512KiB, 16MiB"
        case "PERCENT": ": 50%"
        case "SIZE|PERCENT": ": 10GiB, 5%"
        default: ""
        }
    }

    /// The value that `overrides` has, for people; `nil` if it has none.
    public func text(of overrides: PolicyOverrides) -> String? { show(overrides) }

    /// Every setting, in the order in which help lists them.
    public static let all: [PolicySetting] = [
        PolicySetting(
            "maxPause", "DUR", "longest lock of the file that is aimed at (20ms)", \.maxPause, show: \.text
        ) { Duration(text: $0) },
        PolicySetting("maxChunk", "SIZE", "upper bound of a chunk (16MiB)", \.maxChunk) { ByteCount($0) },
        PolicySetting("window", "SIZE", "bytes read ahead, synced and released together (16MiB)", \.window) {
            ByteCount($0)
        },
        PolicySetting(
            "duty", "PERCENT", "share of the time spent working (50%)", \.duty,
            show: { FreeSpaceFloor.percent(($0 * 1000).rounded() / 10).description }
        ) { decimal($0.hasSuffix("%") ? $0.dropLast() : $0[...]).map { $0 / 100 } },
        PolicySetting("idle", "DUR", "at least this rest between chunks (0s)", \.idle, show: \.text) {
            Duration(text: $0)
        },
        PolicySetting("rate", "SIZE", "most bytes to rewrite in a second (no limit)", \.rate) {
            ByteCount($0)
        },
        PolicySetting("targetExtent", "SIZE", "an extent this long is left alone (16MiB)", \.targetExtent) {
            ByteCount($0)
        },
        PolicySetting(
            "sharing", "preserve|unshare",
            "preserve: re-lay small extents that backups share within the budget, leave long ones; unshare: "
                + "re-lay all that is shared, whatever it costs in space (preserve)", \.sharing
        ) { Sharing(rawValue: $0) },
        PolicySetting(
            "unshareBudget", "SIZE",
            "most extra space that breaking sharing may cost (a quarter of what is free above min-free)",
            \.unshareBudget
        ) { isComplete($0) ? ByteCount($0) : nil },
        PolicySetting("minFree", "SIZE|PERCENT", "stop before free space falls below (5%)", \.minFree) {
            isComplete($0) ? FreeSpaceFloor($0) : nil
        },
    ]

    /// Whether no unit is missing: of a disk's space, nobody means less than 1 MiB by a bare number.
    private static func isComplete(_ text: String) -> Bool {
        Int64(text).map { $0 == 0 || $0 >= 1 << 20 } ?? true
    }

    private init<Value>(
        _ key: String, _ placeholder: String, _ help: String,
        _ path: any WritableKeyPath<PolicyOverrides, Value?> & Sendable,
        show: @escaping @Sendable (Value) -> String = { "\($0)" },
        parse: @escaping @Sendable (String) -> Value?
    ) {
        self.key = key
        self.placeholder = placeholder
        self.help = help
        self.show = { $0[keyPath: path].map(show) }
        self.apply = { text, overrides in
            guard let value = parse(text) else { return false }
            overrides[keyPath: path] = value
            return true
        }
    }
}

/// Why a text could not become a policy setting.
public struct PolicyTextError: Error, CustomStringConvertible, Sendable {
    /// What is wrong, without the option, for callers that name the setting differently.
    public let kind: Kind
    /// What is wrong, naming the option and the text.
    public let message: String

    /// Kinds of error.
    public enum Kind: Hashable, Sendable {
        /// It is no such value.
        case malformed
        /// It is out of range; how, naming the JSON key.
        case outOfRange(String)
    }

    public var description: String { message }
}
