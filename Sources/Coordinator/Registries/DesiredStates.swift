import Contract
import DefragTypes
import Foundation

/// What hosts are to do, as they were last told.
struct DesiredStates {
    private(set) var states: [HostName: DesiredState] = [:]
    /// When a host was last told.
    private var told: [HostName: Date] = [:]

    /// Seconds before a host is told the same again: what it said may have been on its way.
    private static let patience: TimeInterval = 5

    subscript(_ host: HostName) -> DesiredState? { states[host] }

    /// A host was told this before this process began.
    mutating func resume(_ host: HostName, _ state: DesiredState?) {
        states[host] = state
    }

    /// Nothing is wanted of a host any more.
    mutating func forget(_ host: HostName) {
        states[host] = nil
        told[host] = nil
    }

    /// Publishes what is wanted of a host from now on; `known` is the generation that the host says it has.
    mutating func desire(
        _ host: HostName, _ mode: DesiredState.Mode, _ policy: PolicyOverrides, known: Int64, at now: Date
    ) -> [Effect] {
        // The clock, so that it also grows beyond what somebody without this store has told the host; and beyond what the
        // host says that it knows, should that somebody's clock be ahead of ours.
        let generation = Generation.next(
            after: states[host]?.generation ?? 0, known: known, at: milliseconds(now))
        let state = DesiredState(generation: generation, mode: mode, policy: policy)
        states[host] = state
        told[host] = now
        return [
            .store {
                try $0.desire(state, of: host)
                try $0.send(state, to: host)
            }
        ]
    }

    /// Tells a host again what is wanted of it, if it says that it knows an older state: it has restarted, or the message was
    /// lost. One that was told nothing yet is as it should be if nothing in particular is wanted.
    mutating func heard(_ host: HostName, _ said: HostState, at now: Date) -> [Effect] {
        guard let state = states[host], said.generation < state.generation,
            said.generation > 0 || said.mode != .run || state.mode != .run
                || state.policy != PolicyOverrides(),
            isDue(after: Self.patience, since: told[host], now)
        else { return [] }
        guard !Generation.isOutOfReach(state.generation, known: said.generation, at: milliseconds(now)) else {
            return desire(host, state.mode, state.policy, known: said.generation, at: now)
        }
        told[host] = now
        return [.store { try $0.send(state, to: host) }]
    }

    private func milliseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1000) }
}

/// Whether it is time to do again what was last done at `last`; also when the clock was set back since.
func isDue(after seconds: TimeInterval, since last: Date?, _ now: Date) -> Bool {
    last.map { abs(now.timeIntervalSince($0)) >= seconds } ?? true
}
