import Contract
import DefragTypes
import Foundation
import Rollout

/// What hosts are to do.
extension Core {
    /// Tells a host again what is wanted of it, if it says that it knows an older state: it has restarted, or the message was
    /// lost. One that was told nothing yet is as it should be if nothing in particular is wanted.
    func tellAgain(_ host: HostName, _ said: HostState, _ step: inout Step) {
        guard let state = desired[host], said.generation < state.generation,
            said.generation > 0 || state.mode != .run || state.policy != PolicyOverrides(),
            isDue(after: Self.patience, since: toldAgain[host], step.now)
        else { return }
        toldAgain[host] = step.now
        step.write { try $0.send(state, to: host) }
    }

    /// Publishes what is wanted of a host from now on.
    func tell(_ host: HostName, _ mode: DesiredState.Mode, _ policy: PolicyOverrides, _ step: inout Step) {
        // The clock, so that it also grows beyond what somebody without this store has told the host; and beyond what the
        // host says that it knows, should that somebody's clock be ahead of ours.
        let clock = Int64(step.now.timeIntervalSince1970 * 1000)
        let known = max(desired[host]?.generation ?? 0, fleet.hosts[host]?.state?.generation ?? 0)
        let state = DesiredState(generation: max(clock, known + 1), mode: mode, policy: policy)
        desired[host] = state
        toldAgain[host] = step.now
        step.write {
            try $0.desire(state, of: host)
            try $0.send(state, to: host)
        }
    }

    /// Seconds before a host is told the same again: what it said may have been on its way.
    private static let patience: TimeInterval = 5
}
