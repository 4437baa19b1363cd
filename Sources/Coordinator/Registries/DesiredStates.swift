import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// What hosts are to do, as they were last told.
struct DesiredStates {
    private(set) var states: [HostName: DesiredState] = [:]
    /// When a host was last told, or has told us.
    private var told: [HostName: Date] = [:]

    /// Seconds before a host is told the same again: what it said may have been on its way.
    private static let patience: TimeInterval = 5

    subscript(_ host: HostName) -> DesiredState? { states[host] }

    /// Why operators hold a host; `nil` if none does.
    func hold(on host: HostName) -> Hold? { states[host]?.hold.flatMap { $0.isHeld ? $0 : nil } }

    /// Hosts that operators hold.
    var held: Set<HostName> { Set(states.keys.filter { hold(on: $0) != nil }) }

    /// A host was told this before this process began.
    mutating func resume(_ host: HostName, _ state: DesiredState?) {
        states[host] = state
    }

    /// Nothing is wanted of a host any more.
    mutating func forget(_ host: HostName) {
        states[host] = nil
        told[host] = nil
    }

    /// Publishes what is wanted of a host from now on, which last said `said` of itself.
    mutating func desire(
        _ host: HostName, _ mode: DesiredState.Mode, _ policy: PolicyOverrides, said: HostState?, at now: Date
    ) -> [Effect] {
        var state = states[host] ?? .initial
        state.generation = next(after: state.generation, said?.generation, at: now)
        (state.mode, state.policy) = (mode, policy)
        return tell(host, state, said, at: now)
    }

    /// Publishes that an operator holds a host, or releases it.
    mutating func hold(
        _ host: HostName, _ isHeld: Bool, by who: String, why: String, said: HostState?, at now: Date
    ) -> [Effect] {
        var state = states[host] ?? .initial
        let generation = next(after: state.hold?.generation ?? 0, said?.hold?.generation, at: now)
        state.hold = Hold(
            generation: generation, isHeld: isHeld, since: Timestamp(now), by: who, why: why)
        // One that was paused by a word that is not ours goes on, too, if nothing else forbids it.
        let isPausedElsewhere = said?.mode == .pause && state.mode == .run
        if said?.knowsHolds == false || (!isHeld && isPausedElsewhere) {
            state.generation = next(after: state.generation, said?.generation, at: now)
        }
        return tell(host, state, said, at: now)
    }

    /// Tells a host again what is wanted of it, if it says that it knows an older state: it has restarted, or the message was
    /// lost. One that was told nothing yet is as it should be if nothing in particular is wanted. A hold that is newer than what
    /// is known here was made without a coordinator, and lasts.
    mutating func heard(_ host: HostName, _ said: HostState, at now: Date) -> [Effect] {
        guard isDue(after: Self.patience, since: told[host], now) else { return [] }
        let clock = milliseconds(now)
        let own = Generation.standing(states[host]?.hold?.generation ?? 0, at: clock)
        if let theirs = said.hold, (own + 1...Generation.latest(at: clock)).contains(theirs.generation) {
            return adopt(theirs, of: host, at: now)
        }
        guard var state = states[host] else { return [] }
        // Its release is newer than the pause that it has from somebody else.
        if let release = state.hold, !release.isHeld, said.mode == .pause, state.mode == .run,
            (state.generation..<release.generation).contains(said.generation)
        {
            state.generation = next(after: said.generation, nil, at: now)
            return tell(host, state, said, at: now)
        }
        let isBehind =
            said.generation < state.generation
            && (said.generation > 0 || said.mode != .run || state.mode != .run
                || state.policy != PolicyOverrides())
        if isBehind, Generation.isOutOfReach(state.generation, known: said.generation, at: clock) {
            state.generation = next(after: state.generation, said.generation, at: now)
        }
        guard said.knowsHolds else {
            let escapes = state.hold?.isHeld == true && said.mode == .run
            guard isBehind || escapes else { return [] }
            state.generation = max(state.generation, said.generation + 1)
            return tell(host, state, said, at: now)
        }
        let missesHold = said.hold?.generation ?? 0 < state.hold?.generation ?? 0
        if let hold = state.hold, missesHold,
            Generation.isOutOfReach(hold.generation, known: said.hold?.generation ?? 0, at: clock)
        {
            state.hold?.generation = next(after: hold.generation, said.hold?.generation, at: now)
        }
        return isBehind || missesHold ? tell(host, state, said, at: now) : []
    }

    private mutating func adopt(_ hold: Hold, of host: HostName, at now: Date) -> [Effect] {
        var state = states[host] ?? .initial
        state.hold = hold
        states[host] = state
        told[host] = now
        let entry = AuditEntry(
            time: Timestamp(now), who: hold.by, action: hold.isHeld ? "host.hold" : "host.release",
            object: "\(host)", detail: .object(["why": .string(hold.why)]))
        let stored = Effect.store { [state] in
            try $0.desire(state, of: host)
            try $0.record(entry)
        }
        return [stored] + Effect.held(host, hold, at: now)
    }

    /// The clock, so that it also grows beyond what somebody without this store has told the host; and beyond what the host says that
    /// it knows, should that somebody's clock be ahead of ours.
    private func next(after own: Int64, _ known: Int64?, at now: Date) -> Int64 {
        Generation.next(after: own, known: known ?? 0, at: milliseconds(now))
    }

    private func milliseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1000) }

    private mutating func tell(_ host: HostName, _ state: DesiredState, _ said: HostState?, at now: Date)
        -> [Effect]
    {
        states[host] = state
        told[host] = now
        var sent = state
        if said?.knowsHolds == false, !state.mayWork { sent.mode = .pause }
        return [
            .store { [sent] in
                try $0.desire(state, of: host)
                try $0.send(sent, to: host)
            }
        ]
    }
}

extension Effect {
    /// Tells operators and rollouts that a host is held, or released.
    static func held(_ host: HostName, _ hold: Hold, at now: Date) -> [Effect] {
        let why = hold.why.isEmpty ? "" : ": \(hold.why)"
        return [
            .tell(
                hold.isHeld ? "host.held" : "host.released",
                "\(hold.by) \(hold.isHeld ? "holds" : "releases") host \(host)\(why)", host: host, at: now),
            .rollouts(.held(host, hold.isHeld)),
        ]
    }
}

/// Whether it is time to do again what was last done at `last`; also when the clock was set back since.
func isDue(after seconds: TimeInterval, since last: Date?, _ now: Date) -> Bool {
    last.map { abs(now.timeIntervalSince($0)) >= seconds } ?? true
}
