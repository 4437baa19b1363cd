import Contract
import DefragTypes
import Foundation
import Rollout

extension PlanView {
    /// What `rollout`, which only plans, has found out so far.
    ///
    /// - Parameters:
    ///   - rollout: in any phase.
    ///   - extents: of the files of each host, together.
    init(_ rollout: Rollout, extents: [HostName: Int]) {
        let strategy = rollout.state.spec.strategy
        let answered = rollout.hosts.count { $0.state.phase != .surveying || $0.isLost }
        let ranks = Dictionary(rollout.order.enumerated().map { ($1, $0) }) { first, _ in first }
        let places = rollout.order + rollout.hosts.indices.filter { ranks[$0] == nil }
        let isComplete = rollout.state.phase.isEnded
        func host(_ place: Int) -> Host {
            let host = rollout.hosts[place]
            let open = host.lanes.flatMap(\.targets).map { rollout.targets[$0] }.filter { !$0.state.isEnded }
            let size = open.reduce(ByteCount.zero) { $0 + $1.size }
            let gain = open.reduce(0.0) { $0 + $1.gain }
            return Host(
                name: host.name, labels: host.state.labels,
                stage: ranks[place].map { strategy.stage(ofRank: $0) } ?? "none", files: open.count,
                size: size,
                extents: extents[host.name] ?? 0, gainSeconds: gain, problems: host.state.problems)
        }
        let hosts = isComplete ? places.map(host) : []
        let policy = Policy(rollout.state.spec.policy)
        let busy = hosts.filter { $0.files > 0 }
        var total = Total(spacePerFileSystem: policy.window, unshareBudget: policy.unshareBudget)
        for host in busy {
            total.hosts += 1
            total.files += host.files
            total.size += host.size
            total.extents += host.extents
            total.gainSeconds += host.gainSeconds
        }
        let speed = policy.bytesPerSecond
        total.seconds =
            isComplete ? strategy.seconds(for: busy.map { Double($0.size.rawValue) / speed }) : nil
        self.init(
            id: rollout.id, name: rollout.state.spec.name, isComplete: isComplete, answered: answered,
            hosts: hosts,
            total: total, warnings: isComplete ? Self.warnings(rollout, total) : [])
    }

    private static func warnings(_ rollout: Rollout, _ total: Total) -> [String] {
        var warnings: [String] = []
        let silent = rollout.hosts.filter { $0.isLost || $0.state.phase == .givenUp }.map(\.name.description)
        if !silent.isEmpty {
            warnings.append(
                "\(silent.count) host(s) did not answer: \(silent.prefix(10).joined(separator: ", "))")
        }
        if total.files == 0 {
            warnings.append("there is nothing to do: no file matches, or all of them lie well")
        }
        let skipped = rollout.targets.count { if case .skipped = $0.state { true } else { false } }
        if skipped > 0 { warnings.append("\(skipped) file(s) match but cannot be defragmented as they are") }
        if let cap = rollout.state.spec.strategy.perLabel.keys.sorted().first(where: { key in
            rollout.order.contains { rollout.hosts[$0].state.labels[key] == nil }
        }) {
            warnings.append("some hosts have no label '\(cap)': its cap does not hold for them")
        }
        return warnings
    }
}

extension RolloutSpec.Strategy {
    /// When the host with this place in the order would have its turn, if none fails.
    fileprivate func stage(ofRank rank: Int) -> String {
        var rest = rank - (canary?.hosts ?? 0)
        if rest < 0 { return "canary" }
        for (step, hosts) in ramp.enumerated() {
            rest -= hosts
            if rest < 0 { return "ramp \(step + 1)" }
        }
        return "full"
    }

    /// Seconds for hosts that take so long each, in their order: canaries, soak, then as many at once as the ramp and the
    /// concurrency allow.
    fileprivate func seconds(for hosts: [Double]) -> Double {
        var rest = hosts[...]
        let canaries = rest.prefix(canary?.hosts ?? 0)
        rest = rest.dropFirst(canaries.count)
        var now = (canaries.max() ?? 0) + (canary?.soak ?? 0)
        let most = max(1, concurrency.count(of: hosts.count))
        for step in ramp {
            let wave = rest.prefix(step)
            rest = rest.dropFirst(wave.count)
            let atOnce = min(step, most)
            now += wave.reduce(0, +) / Double(max(1, min(atOnce, wave.count)))
        }
        return now + max(rest.reduce(0, +) / Double(min(most, max(1, rest.count))), rest.max() ?? 0)
    }
}

extension Policy {
    /// What a host may be expected to get through in a second: as measured on one disk, at its duty, and at most its rate.
    fileprivate var bytesPerSecond: Double {
        min(100e6 * duty, rate.map { Double($0.rawValue) } ?? .infinity)
    }
}
