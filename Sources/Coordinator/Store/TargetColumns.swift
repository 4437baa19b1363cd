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
        case .inFlight(let date), .backingOff(let date): time = date
        case .skipped(let why), .failed(let why): reason = why
        }
    }

    /// The state that the columns mean; what another version wrote and this one does not know is tried again.
    static func state(phase: String, reason: String?, time: Double?) -> Target.State {
        let reason = Reason(rawValue: reason ?? "")
        let time = Date(timeIntervalSince1970: time ?? 0)
        return switch TargetPhase(rawValue: phase) {
        case .pending, nil: .pending
        case .inFlight: .inFlight(since: time)
        case .backingOff: .backingOff(until: time)
        case .done: .done
        case .skipped: .skipped(reason)
        case .failed: .failed(reason)
        }
    }
}
