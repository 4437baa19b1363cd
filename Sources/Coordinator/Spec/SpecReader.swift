import Contract
import DefragTypes
import Rollout
import Settings

/// Reads what operators write: the specification of a rollout in YAML, as docs/rollout-spec.md has it.
struct SpecReader {
    private let problems: SpecProblems

    /// The specification that `text` is.
    ///
    /// - Throws: ``SpecErrors``: everything that is wrong with it, not the first only.
    static func read(_ text: String) throws(SpecErrors) -> RolloutSpec {
        let yaml = try YAMLText(text)
        let problems = SpecProblems(repeated: yaml.repeated)
        let root = SpecValue(node: yaml.root, key: "", problems: problems)
        let spec = SpecReader(problems: problems).spec(root)
        guard problems.all.isEmpty, let spec else { throw SpecErrors(problems.all) }
        return spec
    }

    private func spec(_ value: SpecValue) -> RolloutSpec? {
        guard let mapping = value.mapping(such: "name: … and targets: …") else { return nil }
        mapping.allow(["name", "targets", "policy", "strategy"])
        let name = mapping.required("name", such: "a name, such as name: november").flatMap(name)
        let example = "{hosts: [web-*], paths: [/srv/vm/**/*.img]}"
        let targets = mapping.required("targets", such: "targets: \(example)").flatMap {
            $0.mapping(such: example)
        }.flatMap { self.targets($0) }
        let policy = mapping["policy"].map(policy)
        let strategy = mapping["strategy"].map { StrategyReader(hosts: targets?.hosts ?? []).strategy($0) }
        guard let name, let targets else { return nil }
        return RolloutSpec(
            name: name, targets: targets, policy: policy ?? PolicyOverrides(),
            strategy: strategy ?? RolloutSpec.Strategy())
    }

    private func name(_ value: SpecValue) -> String? {
        guard let text = value.text(such: "a name, such as november") else { return nil }
        let isPrintable = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard (1...100).contains(text.count), isPrintable else {
            value.refuse("a name has 1 to 100 characters in one line")
            return nil
        }
        return text
    }

    // MARK: - Targets

    private func targets(_ mapping: SpecMapping) -> RolloutSpec.Targets? {
        mapping.allow(["hosts", "labels", "paths", "minExtents", "minSize"])
        if !mapping.has("hosts"), !mapping.has("labels") {
            _ = mapping.required(
                "hosts", such: "hosts: [web-*], or labels: {rack: [r1, r2]}; hosts: ['*'] is every host")
        }
        let hosts = mapping["hosts"].flatMap { list($0, such: "[web-*]", Self.hostPattern) }
        let labels = mapping["labels"].flatMap(labels)
        let paths = mapping.required("paths", such: "paths: [/srv/vm/**/*.img]")
            .flatMap { list($0, such: "[/srv/vm/**/*.img]", Self.path) }
        var targets = RolloutSpec.Targets(hosts: hosts ?? ["*"], labels: labels ?? [:], paths: paths ?? [])
        if let least = mapping["minExtents"]?.number(1...Int.max, such: "a number such as 1000") {
            targets.minExtents = least
        }
        targets.minSize = mapping["minSize"]?.parsed("a size", such: "a size such as 1GiB") { ByteCount($0) }
        return targets
    }

    private func labels(_ value: SpecValue) -> [String: [String]]? {
        guard let mapping = value.mapping(such: "{rack: [r1, r2]}") else { return nil }
        if mapping.entries.isEmpty { value.refuse("is empty; write {rack: [r1, r2]}, or leave it out") }
        var labels: [String: [String]] = [:]
        for (key, values) in mapping.entries {
            if !isLabel(key.name) { values.refuse("a label has 1 to 63 of a-z, A-Z, 0-9 and -_.") }
            labels[key.name] = list(values, such: "[r1, r2]") {
                $0.parsed("the value of a label (1 to 63 of a-z, A-Z, 0-9 and -_.)", such: "one such as r1") {
                    isLabel($0) ? $0 : nil
                }
            }
        }
        return labels
    }

    /// A list that is not empty.
    private func list(_ value: SpecValue, such example: String, _ read: (SpecValue) -> String?) -> [String]? {
        guard let values = value.list(such: example) else { return nil }
        if values.isEmpty { value.refuse("is empty; write \(example)") }
        return values.compactMap(read)
    }

    private static func hostPattern(_ value: SpecValue) -> String? {
        value.parsed(
            "the name of a host (a-z, 0-9 and -, with * for any of them)", such: "one such as web-1 or web-*"
        ) { text in
            // A star may stand for nothing.
            let longest = text.filter { $0 != "*" }
            let isPattern = text.contains("*") && (longest.isEmpty || HostName("a\(longest)a") != nil)
            return HostName(text) != nil || isPattern ? text : nil
        }
    }

    private static func path(_ value: SpecValue) -> String? {
        guard let path = value.text(such: "a path such as /srv/vm/**/*.img") else { return nil }
        if let problem = pathProblem(path) {
            value.refuse(problem)
            return nil
        }
        return path
    }

    // MARK: - Policy

    private func policy(_ value: SpecValue) -> PolicyOverrides {
        var overrides = PolicyOverrides()
        guard let mapping = value.mapping(such: "{maxPause: 20ms}") else { return overrides }
        mapping.allow(PolicySetting.all.map(\.key))
        for setting in PolicySetting.all {
            guard let value = mapping[setting.key], let text = value.text(such: setting.example) else {
                continue
            }
            if let problem = setting.read(text, into: &overrides) { value.refuse(problem) }
        }
        if let problem = overrides.contradiction { mapping["unshareBudget"]?.refuse(problem) }
        return overrides
    }
}
