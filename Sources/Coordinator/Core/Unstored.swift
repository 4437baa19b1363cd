import Foundation
import ReflowAPI

/// What memory holds and no store does, as it was when a step began: a step that cannot be stored leaves no trace in it, as it is
/// taken again. All else is read from the store again.
struct Unstored {
    fileprivate var surveys: SurveyRegistry
    fileprivate var complaints: ComplaintRegistry
    fileprivate var pruning: Pruning
    fileprivate var clockWatch: ClockWatch
    fileprivate var wasAway: Bool
    fileprivate var lostQueues: Set<String>
    fileprivate var wasReached: Bool
    fileprivate var holdsLease: Bool
    fileprivate var isStandby: Bool
    fileprivate var lastTick: Date?
    fileprivate var missing: Set<Dependency>
    fileprivate var unsaid: [Dependency: Bool]
    fileprivate var warnings: [String]
}

extension Core {
    var unstored: Unstored {
        Unstored(
            surveys: surveys, complaints: complaints, pruning: pruning, clockWatch: clockWatch,
            wasAway: wasAway,
            lostQueues: lostQueues, wasReached: wasReached, holdsLease: holdsLease, isStandby: isStandby,
            lastTick: fleet.lastTick, missing: missing, unsaid: unsaid, warnings: health.warnings)
    }

    /// Undoes what a step has changed.
    func restore(_ before: Unstored) {
        surveys = before.surveys
        complaints = before.complaints
        pruning = before.pruning
        clockWatch = before.clockWatch
        wasAway = before.wasAway
        lostQueues = before.lostQueues
        wasReached = before.wasReached
        holdsLease = before.holdsLease
        isStandby = before.isStandby
        fleet.lastTick = before.lastTick
        fleet.undo()
        health.warnings = before.warnings
        // Anyone who asks is told how it is now, but the step that says so to the hosts and the log is still to come.
        unsaid = before.unsaid
        for dependency in missing.symmetricDifference(before.missing) where unsaid[dependency] == nil {
            unsaid[dependency] = !before.missing.contains(dependency)
        }
    }

    private var missing: Set<Dependency> { Set(health.troubles.keys).subtracting([.store]) }

    /// Whether `dependency` was there, as far as any step that was stored has said; asked once for each change.
    func wasThere(_ dependency: Dependency) -> Bool {
        unsaid.removeValue(forKey: dependency) ?? (health[dependency] == nil)
    }
}
