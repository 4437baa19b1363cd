/// How many hosts of a rollout are in which phase. Updated with every change, so that an event of one host costs the same
/// with thousands of hosts.
struct HostCounts: Hashable, Sendable {
    /// Hosts that have a slot.
    var active = 0
    /// Hosts that have not ended, and those of them that are not lost.
    var open = 0
    var heard = 0
    /// Hosts whose survey is awaited and that are not lost.
    var surveying = 0
    /// Canaries that have finished.
    var finishedCanaries = 0

    init(_ hosts: some Sequence<RolloutHost>) {
        for host in hosts { count(host.state, 1) }
    }

    /// Adds `change` hosts in this state.
    mutating func count(_ host: RolloutHost.State, _ change: Int) {
        let isHeard = host.lostSince == nil
        if host.phase == .active { active += change }
        if !host.phase.isEnded { open += change }
        if !host.phase.isEnded, isHeard { heard += change }
        if host.phase == .surveying, isHeard { surveying += change }
        if host.phase == .finished, host.isCanary { finishedCanaries += change }
    }
}
