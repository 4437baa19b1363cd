/// How many hosts of a rollout stand where: kept with every change, so that an event of one host does not have to look at
/// thousands.
struct HostCounts: Hashable, Sendable {
    /// Those that have a slot.
    var active = 0
    /// Those that are not done with, and of these, those that are heard.
    var open = 0
    var heard = 0
    /// Those of which a survey is waited for.
    var surveying = 0
    /// Canaries that have finished.
    var finishedCanaries = 0

    init(_ hosts: some Sequence<RolloutHost>) {
        for host in hosts { count(host.state, 1) }
    }

    /// A host that stands so is there `change` times more.
    mutating func count(_ host: RolloutHost.State, _ change: Int) {
        let isHeard = host.lostSince == nil
        if host.phase == .active { active += change }
        if !host.phase.isEnded { open += change }
        if !host.phase.isEnded, isHeard { heard += change }
        if host.phase == .surveying, isHeard { surveying += change }
        if host.phase == .finished, host.isCanary { finishedCanaries += change }
    }
}
