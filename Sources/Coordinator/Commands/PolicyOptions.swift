import ArgumentParser
import DefragTypes

/// The policy options that `reflow-worker defrag` has too: same names, same texts, one table.
///
/// Argument parser wants a property for each option; what they mean comes from ``PolicySetting``.
struct PolicyOptions: ParsableArguments {
    @Option(help: Self.help("maxPause")) var maxPause: String?
    @Option(help: Self.help("maxChunk")) var maxChunk: String?
    @Option(help: Self.help("window")) var window: String?
    @Option(help: Self.help("duty")) var duty: String?
    @Option(help: Self.help("idle")) var idle: String?
    @Option(help: Self.help("rate")) var rate: String?
    @Option(help: Self.help("targetExtent")) var targetExtent: String?
    @Option(help: Self.help("sharing")) var sharing: String?
    @Option(help: Self.help("unshareBudget")) var unshareBudget: String?
    @Option(help: Self.help("minFree")) var minFree: String?

    private var texts: [String: String?] {
        [
            "maxPause": maxPause, "maxChunk": maxChunk, "window": window, "duty": duty, "idle": idle,
            "rate": rate, "targetExtent": targetExtent, "sharing": sharing, "unshareBudget": unshareBudget,
            "minFree": minFree,
        ]
    }

    /// What was set on the command line.
    func overrides() throws -> PolicyOverrides {
        var overrides = PolicyOverrides()
        for setting in PolicySetting.all {
            guard let text = texts[setting.key] ?? nil else { continue }
            try setting.set(text, in: &overrides)
        }
        return overrides
    }

    func validate() throws {
        do {
            _ = try overrides()
        } catch let error as PolicyTextError {
            throw ValidationError(error.message)
        }
    }

    private static func help(_ key: String) -> ArgumentHelp {
        guard let setting = PolicySetting.all.first(where: { $0.key == key }) else {
            preconditionFailure("no policy setting is called \(key)")
        }
        return ArgumentHelp(stringLiteral: setting.help, valueName: setting.placeholder.lowercased())
    }
}

extension ArgumentHelp {
    fileprivate init(stringLiteral abstract: String, valueName: String) {
        self.init(abstract, valueName: valueName)
    }
}
