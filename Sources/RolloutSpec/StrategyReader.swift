import Contract
import DefragTypes
import Rollout
import Settings
import YAML

/// Reads the strategy of a specification: in which order and numbers hosts are taken, and what stops it.
struct StrategyReader {
    /// The patterns of the hosts that are meant, as they are written.
    let hosts: Set<String>

    private static let keys = [
        "canary", "concurrency", "ramp", "errorBudget", "windows", "attempts", "backOff", "slice",
        "giveUpAfter",
    ]

    func strategy(_ value: SpecValue) throws(SpecErrors) -> RolloutSpec.Strategy {
        var mapping = try value.mapping(such: "{canary: {hosts: 1, soak: 10m}}", known: Self.keys)
        var strategy = RolloutSpec.Strategy()
        strategy.canary = mapping.read("canary", canary)
        mapping.read("concurrency") { value throws(SpecErrors) in try concurrency(value, &strategy) }
        mapping.read("ramp", into: &strategy.ramp, ramp)
        strategy.errorBudget = mapping.read("errorBudget", errorBudget)
        let window = "[{days: mon-fri, from: 22:00, to: 05:00}]"
        mapping.read("windows", into: &strategy.windows) { value throws(SpecErrors) in
            try value.filledList(
                such: window, remedy: "\(window), or leave it out for any time", WindowReader.window)
        }
        mapping.read("attempts", into: &strategy.attempts) { value throws(SpecErrors) in
            try value.number(1...100, such: 3)
        }
        func read(_ key: String, _ usual: inout Double, _ range: ClosedRange<Duration>) {
            let example = Duration.seconds(usual).text
            mapping.read(key, into: &usual) { value throws(SpecErrors) in
                try value.seconds(range, such: example)
            }
        }
        read("backOff", &strategy.backOff, .zero...(.seconds(86_400)))
        read("slice", &strategy.slice, .seconds(1)...(.seconds(SliceTask.longestTimeBudget)))
        read("giveUpAfter", &strategy.giveUpAfter, .zero...(.seconds(30 * 86_400)))
        guard mapping.errors.problems.isEmpty else { throw mapping.errors }
        return strategy
    }

    private func canary(_ value: SpecValue) throws(SpecErrors) -> RolloutSpec.Canary {
        var mapping = try value.mapping(such: "{hosts: 1, soak: 10m}", known: ["hosts", "soak"])
        let count = mapping.required("hosts", such: "hosts: 1") { value throws(SpecErrors) in
            let count = try value.number(1...Int.max, such: 1)
            // With a star among them it is not known how many are meant.
            if !hosts.isEmpty, !hosts.contains(where: { $0.contains("*") }), count > hosts.count {
                throw value.refused("\(count) is more than the \(hosts.count) hosts of targets.hosts")
            }
            return count
        }
        let soak = mapping.read("soak") { value throws(SpecErrors) in
            try value.seconds(.zero...(.seconds(30 * 86_400)), such: "10m")
        }
        guard mapping.errors.problems.isEmpty, let count else { throw mapping.errors }
        return RolloutSpec.Canary(hosts: count, soak: soak ?? 0)
    }

    private func concurrency(
        _ value: SpecValue, _ strategy: inout RolloutSpec.Strategy
    ) throws(SpecErrors) {
        var mapping = try value.mapping(
            such: "{hosts: 5%, perLabel: {rack: 1}}", known: ["hosts", "perLabel"])
        mapping.read("hosts", into: &strategy.concurrency) { value throws(SpecErrors) in
            let share = try share(value)
            if share == .number(0) || share == .percent(0) {
                throw value.refused("with \(share) nothing would ever begin; write 8 or 5%")
            }
            return share
        }
        mapping.read("perLabel", into: &strategy.perLabel) { value throws(SpecErrors) in
            try value.labels(such: "{rack: 1}") { cap throws(SpecErrors) in
                try cap.number(1...Int.max, such: 1)
            }
        }
        guard mapping.errors.problems.isEmpty else { throw mapping.errors }
    }

    private func ramp(_ value: SpecValue) throws(SpecErrors) -> [Int] {
        var last = 0
        return try value.list(such: "[1, 2, 4, 8]") { step throws(SpecErrors) in
            let hosts = try step.number(1...Int.max, such: 4)
            defer { last = hosts }
            if hosts <= last {
                throw step.refused(
                    "\(hosts) is not more than the step before it (\(last)): a ramp rises, as in [1, 2, 4, 8]"
                )
            }
            return hosts
        }
    }

    /// `{failures: 3}`, or the bare number or percentage.
    private func errorBudget(_ value: SpecValue) throws(SpecErrors) -> Share {
        guard value.node.text == nil else { return try share(value) }
        var mapping = try value.mapping(such: "{failures: 3}", known: ["failures"])
        let failures = mapping.required("failures", such: "failures: 3, or failures: 5%", share)
        guard mapping.errors.problems.isEmpty, let failures else { throw mapping.errors }
        return failures
    }

    private func share(_ value: SpecValue) throws(SpecErrors) -> Share {
        let text = try value.text(such: "8 or 5%")
        guard let share = Share(text) else {
            throw value.refused("'\(shortened(text))' is neither a number nor a percentage; write 8 or 5%")
        }
        return share
    }
}
