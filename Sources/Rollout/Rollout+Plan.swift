public import Contract
import DefragTypes
public import Foundation

/// What can be said of a rollout before it starts.
extension Rollout {
    /// What an operator should know before starting it.
    public enum Warning: Hashable, Sendable {
        /// Hosts that did not answer.
        case silent([HostName])
        /// No file matches.
        case nothingMatches
        /// So many files match, and all have few enough extents.
        case nothingToDo(Int)
        /// So many files match but cannot be defragmented as they are.
        case leftAlone(Int)
        /// Some hosts do not have this label: its cap does not apply to them.
        case unlabelled(String)
        /// No maintenance window is open; when the next one opens.
        case closed(until: Date?)
    }

    /// The warnings, once every host has answered.
    public func warnings(at now: Date) -> [Warning] {
        var warnings: [Warning] = []
        let silent = hosts.filter { !$0.hasAnswered }.map(\.name)
        if !silent.isEmpty { warnings.append(.silent(silent)) }
        let matched = hosts.reduce(0) { $0 + $1.state.matched }
        if matched == 0, silent.count < hosts.count { warnings.append(.nothingMatches) }
        if matched > 0, targets.isEmpty { warnings.append(.nothingToDo(matched)) }
        let skipped = targets.count { if case .skipped = $0.state { true } else { false } }
        if skipped > 0 { warnings.append(.leftAlone(skipped)) }
        if strategy.windows.openUntil(at: now) == nil {
            warnings.append(.closed(until: strategy.windows.nextOpening(after: now)))
        }
        return warnings
            + strategy.perLabel.keys.sorted()
            .filter { label in order.contains { hosts[$0].state.labels[label] == nil } }
            .map { .unlabelled($0) }
    }

    /// Expected seconds, without closed windows, if nothing fails and no host waits for another rollout.
    public var expectedSeconds: Double {
        let speed = Policy(state.spec.policy).guessedBytesPerSecond
        return strategy.seconds(
            for: order.map { host in
                let size = hosts[host].lanes.flatMap(\.targets).map { targets[$0] }
                    .filter { !$0.state.isEnded }.reduce(ByteCount.zero) { $0 + $1.size }
                return (Double(size.rawValue) / speed, hosts[host].state.labels)
            })
    }
}

extension RolloutSpec.Strategy {
    /// The stage in which the host at this index of the order works, if no host fails.
    public func stage(ofRank rank: Int) -> Rollout.Stage {
        var rest = rank - (canary?.hosts ?? 0)
        if rest < 0 { return .canary }
        for (step, hosts) in ramp.enumerated() {
            rest -= hosts
            if rest < 0 { return .ramp(step: step, finished: 0) }
        }
        return .full
    }

    /// Expected seconds of all hosts, in their order: wave after wave, each as quick as its slots and caps allow.
    func seconds(for hosts: [(seconds: Double, labels: [String: String])]) -> Double {
        let most = max(1, concurrency.count(of: hosts.count))
        var rest = hosts[...]
        func wave(_ count: Int, slots: Int) -> Double {
            let wave = rest.prefix(count)
            rest = rest.dropFirst(count)
            let whole = wave.reduce(0) { $0 + $1.seconds }
            let longest = wave.map(\.seconds).max() ?? 0
            var slowest = max(whole / Double(min(slots, most)), longest)
            for (label, cap) in perLabel {
                var loads: [String: Double] = [:]
                for host in wave {
                    if let value = host.labels[label] { loads[value, default: 0] += host.seconds }
                }
                slowest = max(slowest, (loads.values.max() ?? 0) / Double(max(1, cap)))
            }
            return slowest
        }
        var seconds = 0.0
        if let canary {
            seconds += wave(canary.hosts, slots: max(1, canary.hosts))
            if !rest.isEmpty { seconds += canary.soak }
        }
        for step in ramp { seconds += wave(step, slots: max(1, step)) }
        return seconds + wave(rest.count, slots: most)
    }
}

extension Policy {
    /// Bytes that a host rewrites in a second: a guess, as a plan has measured nothing, from the disk of docs/performance.md, at
    /// this policy's duty and at most its rate.
    var guessedBytesPerSecond: Double {
        min(100e6 * duty, rate.map { Double($0.rawValue) } ?? .infinity)
    }
}
