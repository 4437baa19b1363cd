public import Contract
public import DefragTypes
public import Foundation

extension Rollout {
    /// What an operator wants.
    public enum Command: Sendable {
        /// Send nothing more; what runs stops at the end of its chunk.
        case pause
        /// Go on. Failures so far are forgiven.
        case resume
        /// End, leaving what is not done; what runs stops at the end of its chunk.
        case cancel
        /// End, leaving what is not done; slices that are out run to their end, and hosts are told nothing.
        case drain
        /// Change the policy from now on, also of what runs.
        case set(PolicyOverrides)
    }

    /// Why a command was not carried out, in words.
    public struct Refused: Error, Hashable, Sendable {
        /// A sentence.
        public let message: String
    }

    /// Carries out a command.
    ///
    /// - Throws: ``Refused`` where it makes no sense as things stand.
    public mutating func carryOut(
        _ command: Command, at now: Date, isTaken: (HostName) -> Bool = { _ in false }
    ) throws(Refused) -> [Action] {
        guard !state.phase.isEnded, state.phase != .cancelling else {
            throw Refused(message: "it is \(state.phase.rawValue)")
        }
        switch command {
        case .pause:
            guard state.pause == nil else { throw Refused(message: "it is paused already") }
            setState { $0.pause = .operator }
        case .resume:
            guard state.pause != nil else { throw Refused(message: "it is not paused") }
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
        }
        return hosts.indices.flatMap { refresh($0, at: now) } + proceed(at: now, isTaken)
    }
}
