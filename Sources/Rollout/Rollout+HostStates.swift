import Contract
public import Foundation

/// What hosts say of themselves and of the tasks that they have.
extension Rollout {
    mutating func heard(_ said: HostState, from host: Int, at now: Date) -> [Action] {
        if said.mode == .run { hosts[host].isStopped = false }
        hosts[host].deafness = said.deaf.map {
            Deafness(why: $0, since: hosts[host].deafness?.since ?? now)
        }
        // A list that is full may not have all of them.
        hosts[host].mounted =
            said.fileSystems.count < Self.mostFileSystems ? Set(said.fileSystems.map(\.uuid)) : nil
        let accepted = mentioned(said.surveys + (said.accepted ?? []), host, at: now)
        noteQueued(accepted, host, at: now)
        let tasks = running(said.running, host, at: now).union(accepted)
        let others = Set(said.running.map(\.job)).subtracting([id])
        hosts[host].otherJobs = others.sorted()
        return resolveDoubts(said, mentioned: tasks, of: host, at: now) + dispatch(host, at: now)
    }

    mutating func running(_ slices: [SliceProgress], _ host: Int, at now: Date) -> Set<RolloutHost.Task> {
        hosts[host].progress = slices.filter { $0.job == id }
        let running = mentioned(hosts[host].progress.map(\.task), host, at: now)
        for case .slice(let target) in running { hosts[host].queuedSince[target] = nil }
        return running
    }

    /// A host has these tasks: they run, or wait behind others. Returns those that are in flight.
    private mutating func mentioned(_ tasks: [String], _ host: Int, at now: Date) -> Set<RolloutHost.Task> {
        var mentioned: Set<RolloutHost.Task> = []
        for task in tasks {
            if isAwaited(task, of: host) {
                hosts[host].state.survey.since = now
                mentioned.insert(.survey)
            } else if let target = target(ofSlice: task), targets[target].host == host {
                targets[target].isStillInFlight(at: now)
                mentioned.insert(.slice(target))
            }
        }
        return mentioned
    }

    private mutating func noteQueued(_ accepted: Set<RolloutHost.Task>, _ host: Int, at now: Date) {
        let before = hosts[host].queuedSince
        hosts[host].queuedSince = [:]
        for case .slice(let target) in accepted { hosts[host].queuedSince[target] = before[target] ?? now }
    }

    /// Seconds for which a host has had a slice that it has not begun, the longest of them; `nil` if it has none.
    public func queuedSeconds(of host: RolloutHost, at now: Date) -> TimeInterval? {
        host.queuedSince.values.min().map { max(0, now.timeIntervalSince($0)) }
    }

    /// Whether an answer about this target may be of another worker than the one that has surveyed it: two speak under the host's
    /// name, or the one that does has not got the target's file system.
    func isPerhapsOfTwin(_ target: Int) -> Bool {
        let host = hosts[targets[target].host]
        return host.hasTwin
            || host.mounted.map { !$0.contains(host.fileSystems[targets[target].fileSystem]) } ?? false
    }
}
