import DefragTypes
import Foundation
import GRDB
import ReflowAPI
import Rollout

/// A target's state as the three columns `state`, `reason` and `time`.
struct TargetColumns {
    let phase: TargetPhase
    var reason: Reason?
    var time: Date?

    init(_ state: Target.State) {
        phase = TargetPhase(state)
        switch state {
        case .pending, .done: break
        case .inFlight(let since): time = since
        case .backingOff(let until, let why): (time, reason) = (until, why)
        case .skipped(let why), .failed(let why): reason = why
        }
    }

    /// The state that the columns mean; what another version wrote and this one does not know is tried again.
    static func state(phase: String, reason: String?, time: Double?) -> Target.State {
        let why = reason.map { Reason(rawValue: $0) }
        let reason = why ?? Reason(rawValue: "")
        let time = Date(timeIntervalSince1970: time ?? 0)
        return switch TargetPhase(rawValue: phase) {
        case .pending, nil: .pending
        case .inFlight: .inFlight(since: time)
        case .backingOff: .backingOff(until: time, reason: why)
        case .done: .done
        case .skipped: .skipped(reason)
        case .failed: .failed(reason)
        }
    }
}
