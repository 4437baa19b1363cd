import Contract
import DefragTypes
import Foundation
import Logging
import Rollout

/// What stops no core: a disk that takes nothing, and an input that nothing can be made of.
extension Core {
    /// Takes in what has happened. Returns once all of it is stored, or set aside. While the disk takes nothing, it is tried again
    /// and again, and nothing is acked; a step that fails for any other reason is taken input by input, and the culprit becomes a
    /// dead letter.
    func take(_ inputs: [CoreInput], at time: Date? = nil) async {
        let inputs = inputs.withOneTick
        do {
            try await insisting { try step(inputs, at: time ?? clock()) }
        } catch is CancellationError {
            return
        } catch {
            guard inputs.count > 1 else {
                if let culprit = inputs.first { await setAside(culprit, error) }
                return
            }
            for input in inputs { await take([input], at: time) }
        }
    }

    /// Begins with what the store holds.
    func start() async {
        do {
            try await insisting {
                var step = try newStep()
                let rollouts = counted(underWay.ids.count, "rollout")
                carryOut(
                    [
                        .tell(
                            "coordinator.started",
                            "the coordinator \(reflowVersion) has started: \(rollouts) resumed",
                            at: step.now)
                    ], &step)
                try commit(step)
            }
            for id in underWay.ids { log.info("resumed", metadata: ["rollout": "\(id)"]) }
        } catch {
            log.critical("what is stored cannot be resumed", metadata: ["error": "\(error)"])
        }
    }

    /// Does `work`, again and again while the disk takes nothing.
    ///
    /// - Throws: what is no trouble of the disk's; `CancellationError`.
    func insisting<Value>(_ work: () throws -> Value) async throws -> Value {
        // Each try may have to read all that is stored.
        var pause = Self.firstPause
        while true {
            do {
                let value = try work()
                storeIsBack()
                return value
            } catch {
                if case StepTrouble.rollout(let id, let cause) = error, setAside[id] == nil {
                    // The others go on without it.
                    setAside[id] = "\(cause)"
                    untold[id] = cause
                    continue
                }
                guard let trouble = StoreTrouble(error) ?? (error as? StepTrouble).map(StoreTrouble.init)
                else {
                    throw error
                }
                storeIsAway(trouble)
                try await Task.sleep(for: pause)
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    /// Pauses before a disk that takes nothing is tried again: at first, and in the end.
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(8)

    /// Notes that the disk takes nothing.
    func storeIsAway(_ trouble: StoreTrouble) {
        if health[.store] != trouble.words {
            log.error("nothing can be stored, trying again", metadata: ["why": "\(trouble.words)"])
        }
        health[.store] = trouble.words
        storeAwaySince = storeAwaySince ?? .now
    }

    private func storeIsBack() {
        guard let since = storeAwaySince else { return }
        let why = health[.store] ?? ""
        let seconds = since.duration(to: .now).components.seconds
        do {
            var step = try newStep()
            carryOut(
                [
                    .tell(
                        "coordinator.storeBack",
                        "the database can be written again, after \(seconds) s; nothing was lost (\(why))",
                        at: step.now)
                ], &step)
            try commit(step)
        } catch {
            // What has just been done had nothing to store.
            if let trouble = StoreTrouble(error) { storeIsAway(trouble) }
            return
        }
        storeAwaySince = nil
        health[.store] = nil
        outboxWake.put(())
    }

    // MARK: - Quarantine

    /// Sets an input aside that cannot be stored, so that what comes after it can.
    private func setAside(_ input: CoreInput, _ error: any Error) async {
        log.error("an input cannot be stored, and is set aside", metadata: ["error": "\(error)"])
        let letter: DeadLetter
        switch input {
        case .heard(let host, let event, let id, let receipt):
            letter = DeadLetter(quarantined: event, of: host, id: id, account: receipt?.account, error)
        case .dead(let dead, _, _): letter = dead.withoutBody("\(error)")
        case .tick: return await setAsideRollout(error)
        case .refused, .dropped, .away, .back, .lost, .warnings:
            input.receipt?.settle()
            return
        }
        do {
            try await insisting {
                var step = try newStep()
                if let message = input.message {
                    step.write { [now = step.now] in
                        _ = try $0.isNew(source: message.source, id: message.id, at: now)
                    }
                }
                keep(letter, input.receipt, &step)
                try commit(step)
            }
        } catch is CancellationError {
            return
        } catch {
            log.critical(
                "nor can it be kept as a dead letter: it is dropped", metadata: ["error": "\(error)"])
        }
        input.receipt?.settle()
    }

    /// Time cannot pass: finds out which rollout keeps it from that, and goes on without it.
    private func setAsideRollout(_ error: any Error) async {
        for id in (try? read { try $0.unfinishedRollouts() }) ?? [] where underWay[id] != nil {
            do {
                try await insisting {
                    var step = try newStep()
                    carryOut(underWay.handle(.tick, of: id, at: step.now), &step)
                    try commit(step)
                }
            } catch is CancellationError {
                return
            } catch {
                do {
                    var step = try newStep()
                    setAside(id, error, &step)
                    try commit(step)
                } catch {
                    log.critical("a rollout cannot be set aside", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Goes on without a rollout that cannot be read, or whose decisions cannot be stored; until the next start.
    func setAside(_ id: String, _ error: any Error, _ step: inout Step) {
        let why = StoreError.words(for: error) ?? "\(error)"
        setAside[id] = why
        // Until it is stored.
        untold[id] = error
        underWay.forget(id)
        carryOut(
            [
                .tell(
                    "rollout.setAside",
                    "the rollout \(id) is set aside until the coordinator's next start: \(why)",
                    rollout: id,
                    at: step.now)
            ], &step)
    }
}

extension [CoreInput] {
    /// Without those that say that time has passed, but for the last of them.
    fileprivate var withOneTick: [CoreInput] {
        guard count(where: \.isTick) > 1, let last = lastIndex(where: \.isTick) else { return self }
        return enumerated().filter { !$0.element.isTick || $0.offset == last }.map(\.element)
    }
}
