import Contract
import DefragTypes
import Foundation
import Rollout

extension RolloutView.Phase {
    init(_ phase: Rollout.Phase) {
        self =
            switch phase {
            case .surveying: .surveying
            case .running: .running
            case .cancelling: .cancelling
            case .cancelled: .cancelled
            case .planned, .completed: .completed
            }
    }
}

extension RolloutView.Stage {
    init(_ stage: Rollout.Stage, _ strategy: RolloutSpec.Strategy) {
        switch stage {
        case .canary: self.init(name: .canary)
        case .soak(let until): self.init(name: .soak, until: Timestamp(until))
        case .ramp(let step, _): self.init(name: .ramp, step: step + 1, steps: strategy.ramp.count)
        case .full: self.init(name: .full)
        }
    }
}

extension RolloutView.Targets {
    init(_ totals: Store.Totals) {
        self.init(
            total: totals.all.targets, pending: totals.count(.pending), inFlight: totals.count(.inFlight),
            backingOff: totals.count(.backingOff), done: totals.count(.done), skipped: totals.count(.skipped),
            failed: totals.count(.failed))
    }

    /// One more that stands there.
    mutating func count(_ state: Target.State) {
        total += 1
        switch state {
        case .pending: pending += 1
        case .inFlight: inFlight += 1
        case .backingOff: backingOff += 1
        case .done: done += 1
        case .skipped: skipped += 1
        case .failed: failed += 1
        }
    }
}

extension Store.Totals {
    /// Over the files that have ended.
    var ended: Store.Tally {
        [TargetPhase.done, .skipped, .failed].compactMap { byPhase[$0] }.reduce(Store.Tally(), +)
    }
}

extension RolloutHostView {
    init(_ row: Store.HostRow) {
        let ended = row.totals.ended
        self.init(
            name: row.name, phase: .init(rawValue: row.state.phase.rawValue) ?? .surveying,
            labels: row.state.labels,
            isCanary: row.state.isCanary, lostSince: row.state.lostSince.map(Timestamp.init),
            targets: .init(row.totals), bytes: .init(total: row.totals.all.size, behind: ended.size),
            extents: .init(before: ended.extentsBefore, after: ended.extentsAfter),
            problems: row.state.problems)
    }
}

extension TargetView {
    init(_ row: Store.TargetRow) {
        var reason: Reason?
        var notBefore: Timestamp?
        let state: State
        switch row.state {
        case .pending: state = .pending
        case .inFlight: state = .inFlight
        case .backingOff(let until): (state, notBefore) = (.backingOff, Timestamp(until))
        case .done: state = .done
        case .skipped(let why): (state, reason) = (.skipped, why)
        case .failed(let why): (state, reason) = (.failed, why)
        }
        self.init(
            number: Int64(row.number), host: row.host, path: row.file.path, size: row.size,
            extents: row.extents,
            gainSeconds: row.gain, state: state, reason: reason, notBefore: notBefore, cursor: row.cursor,
            slices: row.slices, result: row.result)
    }
}
