import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

extension PlanStatus {
    /// What `rollout`, which only plans, has found out so far.
    ///
    /// - Parameters:
    ///   - rollout: in any phase.
    ///   - extents: of the files of each host, together.
    ///   - now: for the maintenance windows.
    init(_ rollout: Rollout, extents: [HostName: Int], at now: Date) {
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
                stage: ranks[place].map { rollout.strategy.stage(ofRank: $0).turn } ?? "none",
                hasAnswered: host.hasAnswered, matched: host.state.matched, files: open.count, size: size,
                extents: extents[host.name] ?? 0, gainSeconds: gain,
                problems: host.state.problems + [host.state.givenUp].compactMap(\.self))
        }
        let hosts = isComplete ? places.map(host) : []
        let policy = Policy(rollout.state.spec.policy)
        var total = Total(spacePerFileSystem: policy.window, unshareBudget: policy.unshareBudget)
        total.matched = hosts.reduce(0) { $0 + $1.matched }
        for host in hosts where host.files > 0 {
            total.hosts += 1
            total.files += host.files
            total.size += host.size
            total.extents += host.extents
            total.gainSeconds += host.gainSeconds
        }
        total.seconds = isComplete ? rollout.expectedSeconds : nil
        self.init(
            id: rollout.id, name: rollout.state.spec.name, isComplete: isComplete, answered: answered,
            hosts: hosts, total: total, warnings: isComplete ? rollout.warnings(at: now).map(\.text) : [])
    }
}

extension Rollout.Warning {
    /// A sentence.
    fileprivate var text: String {
        switch self {
        case .silent(let hosts):
            "\(counted(hosts.count, "host")) did not answer: "
                + hosts.prefix(10).map(\.description).joined(separator: ", ")
        case .nothingMatches: "no file matches: are the paths right, and beneath the workers' roots?"
        case .nothingToDo(let files): "all of what matches lies well: \(counted(files, "file"))"
        case .leftAlone(let files): "\(counted(files, "file")) cannot be defragmented, being as they are"
        case .closed(let opening):
            "no maintenance window is open now"
                + (opening.map { "; the next opens at \(Timestamp($0).short)" } ?? "")
        case .unlabelled(let label): "some hosts have no label '\(label)': its cap does not hold for them"
        }
    }
}

extension Rollout.Stage {
    /// Whose turn it is, in a word or two.
    fileprivate var turn: String {
        switch self {
        case .canary: "canary"
        case .soak: "soak"
        case .ramp(let step, _): "ramp \(step + 1)"
        case .full: "full"
        }
    }
}
