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
            case .planned, .completed, .completedWithFailures: .completed
            }
    }
}

extension RolloutView.Pause {
    init(_ pause: Rollout.Pause) {
        self =
            switch pause {
            case .operator: .operator
            case .errorBudget: .errorBudget
            case .unanswered: .unanswered
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
        Self.endedPhases.compactMap { byPhase[$0] }.reduce(Store.Tally(), +)
    }

    /// The sizes of all files, and how much of that is behind: files that have ended, others up to their cursors.
    var bytes: RolloutView.Bytes {
        byPhase.reduce(into: RolloutView.Bytes()) { bytes, entry in
            bytes.total += entry.value.size
            bytes.behind +=
                Self.endedPhases.contains(entry.key) ? entry.value.size : entry.value.cursor
        }
    }

    private static let endedPhases: [TargetPhase] = [.done, .skipped, .failed]
}

extension RolloutHostView {
    init(_ row: Store.HostRow) {
        let ended = row.totals.ended
        self.init(
            name: row.name, phase: .init(rawValue: row.state.phase.rawValue) ?? .surveying,
            labels: row.state.labels, isCanary: row.state.isCanary, isPaused: false,
            lostSince: row.state.lostSince.map(Timestamp.init), targets: .init(row.totals),
            bytes: row.totals.bytes,
            extents: .init(before: ended.extentsBefore, after: ended.extentsAfter),
            problems: row.state.problems + [row.state.givenUp].compactMap(\.self))
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
        case .backingOff(let until, let why):
            (state, notBefore, reason) = (.backingOff, Timestamp(until), why)
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
