public import Contract
public import DefragTypes
public import Foundation

extension Rollout {
    /// An operator's command.
    public enum Command: Sendable {
        /// Send nothing more; running slices stop at the end of their chunk.
        case pause
        /// Go on. The error budget begins again.
        case resume
        /// End, leaving what is not done; running slices stop at the end of their chunk.
        case cancel
        /// End, leaving what is not done; slices in flight run to their end, and no desired state is published.
        case drain
        /// Change the policy from now on, also of running slices.
        case set(PolicyOverrides)
        /// Try failed targets again; also when the rollout is completed with failures, which then goes on.
        case retry(Failed, lost: Set<HostName> = [])
    }

    /// Why a command was refused.
    public struct Refused: Error, Hashable, Sendable {
        public let message: String
    }

    /// Carries out a command.
    ///
    /// - Throws: ``Refused`` if it makes no sense in the present phase.
    public mutating func carryOut(
        _ command: Command, at now: Date, isTaken: (HostName) -> Bool = { _ in false }
    ) throws(Refused) -> [Action] {
        if case .retry = command {
            // Of an end, only this makes a beginning.
        } else if state.phase.isEnded || state.phase == .cancelling {
            throw Refused(message: "it is \(state.phase.rawValue)")
        }
        switch command {
        case .retry(let failed, let lost): try retry(failed, lost: lost, at: now)
        case .pause:
            guard state.pause == nil else { throw Refused(message: "it is paused already") }
            setState { $0.pause = .operator }
        case .resume:
            guard state.pause != nil else { throw Refused(message: "it is not paused") }
            forgiveUnanswered()
            setState {
                $0.pause = nil
                $0.forgiven = $0.failures
            }
        case .cancel, .drain:
            let isDraining = if case .drain = command { true } else { false }
            setState {
                $0.phase = .cancelling
                $0.pause = nil
                $0.isDraining = isDraining
            }
        case .set(let overrides):
            setState { $0.overrides = $0.overrides.merged(with: overrides) }
            if overrides.unshareBudget != nil || overrides.sharing != nil { budgetChanged() }
        }
        return hosts.indices.flatMap { refresh($0, at: now) } + proceed(at: now, isTaken)
    }
}
