public import DefragTypes
import Settings

/// Reads what operators set of a policy, in the texts of the command line.
extension PolicySetting {
    /// Sets this setting in `overrides` from `text`.
    ///
    /// - Returns: what is wrong with the text, and what would be right; `nil` if it was set.
    func read(_ text: String, into overrides: inout PolicyOverrides) -> String? {
        do {
            try set(text, in: &overrides)
            return nil
        } catch {
            switch error.kind {
            case .malformed: return "'\(shortened(text))' is not \(example(for: text))"
            case .outOfRange(let problem): return "'\(shortened(text))': \(problem)"
            }
        }
    }

    /// What would be right, in words.
    var example: String { example(for: "") }

    private func example(for text: String) -> String {
        switch placeholder {
        case "DUR":
            "a duration with its unit, such as \((Int(text).flatMap { $0 > 0 ? $0 : nil } ?? 20))ms"
        case "SIZE": "a size such as 16MiB"
        case "PERCENT": "a percentage such as 50%"
        case "SIZE|PERCENT": "a size such as 10GiB or a percentage such as 5%"
        default: placeholder.split(separator: "|").joined(separator: " or ")
        }
    }
}

extension PolicyOverrides {
    /// Why settings cannot be carried out: a sentence for each that is wrong.
    public struct Wrong: Error, Hashable, Sendable {
        /// One each, naming its key.
        public let problems: [String]
    }

    /// Reads settings by their keys.
    ///
    /// - Throws: ``Wrong``: everything that is wrong with them.
    public init(settings: [(key: String, text: String)]) throws(Wrong) {
        self.init()
        var problems: [String] = []
        var known: Set<String> = []
        for (key, text) in settings {
            guard let setting = PolicySetting.all.first(where: { $0.key == key }) else {
                let keys = PolicySetting.all.map(\.key)
                let hint = nearest(to: key, among: keys).map { "did you mean \($0)?" }
                problems.append(
                    "'\(shortened(key))' is no setting; \(hint ?? "there are \(keys.joined(separator: ", "))")"
                )
                continue
            }
            if !known.insert(key).inserted {
                problems.append("\(key) is given twice")
            } else if let problem = setting.read(text, into: &self) {
                problems.append("\(key): \(problem)")
            }
        }
        if let contradiction { problems.append(contradiction) }
        guard problems.isEmpty else { throw Wrong(problems: problems) }
    }

    /// As `key=value`, in the order in which help lists them.
    public var texts: [(key: String, text: String)] {
        PolicySetting.all.compactMap { setting in setting.text(of: self).map { (setting.key, $0) } }
    }
}
