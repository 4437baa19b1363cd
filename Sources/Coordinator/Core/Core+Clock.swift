import DefragTypes
import Foundation
import Rollout

/// A clock that is set ends no wait, opens no window and makes nothing old.
extension Core {
    func reading(at now: Date) -> ClockReading { ClockReading(wall: now, uptime: uptime()) }

    /// Looks whether the clock was set since the last time.
    func watchClock(_ step: inout Step) {
        guard let leap = clockWatch.read(reading(at: step.now)) else { return }
        let how = leap > 0 ? "forward" : "back"
        let seconds = Duration.seconds(abs(leap).rounded())
        let words =
            "the clock was set \(how) by \(seconds.text): waits go on as before, nothing is forgotten for it, and for a quarter of an hour windows are open only where they were by the clock before, too"
        carryOut([.tell("coordinator.clockSet", words, at: step.now), .rollouts(.clockSet(by: leap))], &step)
        // Where hosts can be heard, the fleet finds it out by its ticks; where not, it must not once more, when they can be again.
        guard brokerTrouble != nil else { return }
        carryOut([.rollouts(.leapt(by: leap))], &step)
        fleet.lastTick = fleet.lastTick.map { $0 + leap }
    }

    /// Goes on from the clock of the process before: what nobody has watched is no wait.
    func resumeClock(_ step: inout Step) throws {
        let now = reading(at: step.now)
        let (stored, newest) = try read { (try $0.clock(), try $0.newestRecord()) }
        let unwatched = clockWatch.resume(stored, newest: newest, at: now)
        if abs(unwatched) > ClockWatch.tolerance { carryOut([.rollouts(.leapt(by: unwatched))], &step) }
        storeClock(&step)
    }

    func storeClock(_ step: inout Step) {
        if let stored = clockWatch.stored { step.write { try $0.store(stored) } }
    }
}
