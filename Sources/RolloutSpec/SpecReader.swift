import Contract
import DefragTypes
public import Rollout
import Settings
import YAML

/// Reads what operators write: the specification of a rollout in YAML, as docs/rollout-spec.md has it.
public enum SpecReader {
    /// The specification that `text` is.
    ///
    /// - Throws: ``SpecErrors``: everything that is wrong with it, not the first only.
    public static func read(_ text: String) throws(SpecErrors) -> RolloutSpec {
        let root: YAMLNode?
        do { root = try YAMLNode.read(text) } catch { throw SpecErrors(error.place, "", error.message) }
        guard let root else {
            throw SpecErrors(nil, "", "the text is empty: a specification has at least name and targets")
        }
        do { return try spec(SpecValue(node: root, key: "")) } catch { throw error.sorted }
    }

    private static func spec(_ value: SpecValue) throws(SpecErrors) -> RolloutSpec {
        var mapping = try value.mapping(
            such: "name: … and targets: …", known: ["name", "targets", "policy", "strategy"])
        let name = mapping.required("name", such: "a name, such as name: november", name)
        let targets = mapping.required(
            "targets", such: "targets: \(TargetsReader.example)", TargetsReader.targets)
        let policy = mapping.read("policy", policy)
        let strategy = mapping.read("strategy") { strategy throws(SpecErrors) in
            let hosts = value.node["targets"]?["hosts"]?.sequence?.compactMap(\.text)
            return try StrategyReader(hosts: Set(hosts ?? [])).strategy(strategy)
        }
        guard mapping.errors.problems.isEmpty, let name, let targets else { throw mapping.errors }
        return RolloutSpec(
            name: name, targets: targets, policy: policy ?? PolicyOverrides(),
            strategy: strategy ?? RolloutSpec.Strategy())
    }

    private static func name(_ value: SpecValue) throws(SpecErrors) -> String {
        let text = try value.text(such: "a name, such as november")
        let isPrintable = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard (1...100).contains(text.count), isPrintable else {
            throw value.refused("a name has 1 to 100 characters in one line")
        }
        return text
    }

    private static func policy(_ value: SpecValue) throws(SpecErrors) -> PolicyOverrides {
        var overrides = PolicyOverrides()
        var mapping = try value.mapping(such: "{maxPause: 20ms}", known: PolicySetting.all.map(\.key))
        for setting in PolicySetting.all {
            mapping.read(setting.key) { value throws(SpecErrors) in
                let text = try value.text(such: setting.example)
                if let problem = setting.read(text, into: &overrides) { throw value.refused(problem) }
            }
        }
        if let problem = overrides.contradiction {
            mapping.read("unshareBudget") { value throws(SpecErrors) in throw value.refused(problem) }
        }
        guard mapping.errors.problems.isEmpty else { throw mapping.errors }
        return overrides
    }
}
