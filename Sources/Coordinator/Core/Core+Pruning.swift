import Foundation

/// When store and memory were last relieved of what nobody asks for any more.
struct Pruning {
    /// Of what grows with every event: once a minute.
    var logs = Date.distantPast
    /// Of rollouts, plans and the audit: once an hour.
    var records = Date.distantPast
    /// Of tasks that nobody waits for: every ten seconds.
    var awaited = Date.distantPast
    /// Whether dead letters have come since.
    var hasLetters = false
}

extension Core {
    func prune(_ step: inout Step) {
        let now = step.now
        let horizon = clockWatch.horizon(now)
        if isDue(after: 60, since: pruning.logs, now) {
            pruning.logs = now
            storeClock(&step)
            step.write { [retention] in try $0.pruneLogs(retention, at: horizon) }
        }
        if pruning.hasLetters {
            pruning.hasLetters = false
            step.write { [retention] in try $0.pruneDeadLetters(retention) }
        }
        if isDue(after: 10, since: pruning.awaited, now) {
            pruning.awaited = now
            awaitWhatIsInFlight(at: now)
        }
        guard isDue(after: 3600, since: pruning.records, now) else { return }
        pruning.records = now
        surveys.prune(at: now)
        // What is left for another time goes at the next tick.
        step.write {
            if try $0.prune(self.retention, at: horizon, files: 2000) { self.pruning.records = .distantPast }
        }
    }
}
