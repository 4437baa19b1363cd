import Contract
import DefragTypes
import Rollout
import Settings
import Yams

/// Reads the strategy of a specification: in which order and numbers hosts are taken, and what stops it.
struct StrategyReader {
    /// The patterns of the hosts that are meant.
    let hosts: [String]

    private static let keys = [
        "canary", "concurrency", "ramp", "errorBudget", "windows", "attempts", "backOff", "slice",
        "giveUpAfter",
    ]

    func strategy(_ value: SpecValue) -> RolloutSpec.Strategy {
        var strategy = RolloutSpec.Strategy()
        guard let mapping = value.mapping(such: "{canary: {hosts: 1, soak: 10m}}") else { return strategy }
        mapping.allow(Self.keys)
        strategy.canary = mapping["canary"].flatMap(canary)
        if let value = mapping["concurrency"] { concurrency(value, &strategy) }
        if let ramp = mapping["ramp"].flatMap(ramp) { strategy.ramp = ramp }
        strategy.errorBudget = mapping["errorBudget"].flatMap(errorBudget)
        if let windows = mapping["windows"]?.list(such: "[{days: mon-fri, from: 22:00, to: 05:00}]") {
            if windows.isEmpty {
                mapping["windows"]?.refuse(
                    "is empty; write [{days: mon-fri, from: 22:00, to: 05:00}], or leave it out for any time")
            }
            strategy.windows = windows.compactMap { WindowReader().window($0) }
        }
        if let attempts = mapping["attempts"]?.number(1...100, such: "a number such as 3") {
            strategy.attempts = attempts
        }
        func set(
            _ key: String, _ path: WritableKeyPath<RolloutSpec.Strategy, Double>,
            _ range: ClosedRange<Duration>
        ) {
            let usual = Duration.seconds(strategy[keyPath: path]).text
            if let seconds = mapping[key]?.seconds(range, such: "one such as \(usual)") {
                strategy[keyPath: path] = seconds
            }
        }
        set("backOff", \.backOff, .zero...(.seconds(86_400)))
        set("slice", \.slice, .seconds(1)...(.seconds(SliceTask.longestTimeBudget)))
        set("giveUpAfter", \.giveUpAfter, .zero...(.seconds(30 * 86_400)))
        return strategy
    }

    private func canary(_ value: SpecValue) -> RolloutSpec.Canary? {
        guard let mapping = value.mapping(such: "{hosts: 1, soak: 10m}") else { return nil }
        mapping.allow(["hosts", "soak"])
        let count = mapping.required("hosts", such: "hosts: 1")
        let soak = mapping["soak"]?.seconds(.zero...(.seconds(30 * 86_400)), such: "one such as 10m")
        guard let count, let number = count.number(1...Int.max, such: "a number such as 1") else {
            return nil
        }
        // With a star among them it is not known how many are meant.
        if !hosts.isEmpty, !hosts.contains(where: { $0.contains("*") }), number > Set(hosts).count {
            count.refuse("\(number) is more than the \(Set(hosts).count) hosts of targets.hosts")
        }
        return RolloutSpec.Canary(hosts: number, soak: soak ?? 0)
    }

    private func concurrency(_ value: SpecValue, _ strategy: inout RolloutSpec.Strategy) {
        guard let mapping = value.mapping(such: "{hosts: 5%, perLabel: {rack: 1}}") else { return }
        mapping.allow(["hosts", "perLabel"])
        if let hosts = mapping["hosts"], let share = share(hosts) {
            if share == .number(0) || share == .percent(0) {
                hosts.refuse("with \(share) nothing would ever begin; write 8 or 5%")
            }
            strategy.concurrency = share
        }
        guard let labels = mapping["perLabel"]?.mapping(such: "{rack: 1}") else { return }
        for (key, cap) in labels.entries {
            if !isLabel(key.name) { cap.refuse("a label has 1 to 63 of a-z, A-Z, 0-9 and -_.") }
            strategy.perLabel[key.name] = cap.number(1...Int.max, such: "a number such as 1")
        }
    }

    private func ramp(_ value: SpecValue) -> [Int]? {
        guard let steps = value.list(such: "[1, 2, 4, 8]") else { return nil }
        var ramp: [Int] = []
        for step in steps {
            guard let hosts = step.number(1...Int.max, such: "a number such as 4") else { continue }
            if let last = ramp.last, hosts <= last {
                step.refuse(
                    "\(hosts) is not more than the step before it (\(last)): a ramp rises, as in [1, 2, 4, 8]"
                )
            }
            ramp.append(hosts)
        }
        return ramp
    }

    /// `{failures: 3}`, or the bare number or percentage.
    private func errorBudget(_ value: SpecValue) -> Share? {
        guard value.node.scalar == nil else { return share(value) }
        guard let mapping = value.mapping(such: "{failures: 3}") else { return nil }
        mapping.allow(["failures"])
        return mapping.required("failures", such: "failures: 3, or failures: 5%").flatMap(share)
    }

    private func share(_ value: SpecValue) -> Share? {
        guard let text = value.text(such: "8 or 5%") else { return nil }
        guard let share = Share(text) else {
            value.refuse("'\(shortened(text))' is neither a number nor a percentage; write 8 or 5%")
            return nil
        }
        return share
    }
}
