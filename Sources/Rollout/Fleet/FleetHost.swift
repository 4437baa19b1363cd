public import Contract
public import Foundation

extension Fleet {
    /// One host of the fleet.
    public struct Host: Sendable {
        public let name: HostName
        /// Its last state event; `nil` before the first.
        public internal(set) var state: HostState?
        /// When it was last heard; for one that was never heard, when it became known.
        public internal(set) var lastHeard: Date
        /// Whether it has been silent for ``Fleet/lostAfter``.
        public internal(set) var isLost: Bool
        public internal(set) var wasHeard: Bool
        private var instances: WorkerInstances
        /// Seconds by which leaps have shortened its silence since it was last heard.
        private var excused: TimeInterval = 0

        /// Its labels by its last state event.
        public var labels: [String: String] { state?.labels ?? [:] }
        /// Whether two workers speak under its name.
        public var hasTwin: Bool { instances.hasTwin }

        init(name: HostName, state: HostState?, isLost: Bool, wasHeard: Bool, at now: Date) {
            self.name = name
            self.state = state
            lastHeard = now
            self.isLost = isLost
            self.wasHeard = wasHeard
            instances = WorkerInstances(state, at: now)
        }

        mutating func heard(_ event: HostEvent, at now: Date) -> Heard {
            var heard = Heard()
            heard.hasReturned = isLost
            isLost = false
            wasHeard = true
            lastHeard = now
            excused = 0
            if case .hostState(let said) = event {
                let hadTwin = hasTwin
                heard.isOfTwin = !instances.heard(said, at: now)
                if !heard.isOfTwin { state = said }
                if hasTwin != hadTwin { heard.hasTwin = hasTwin }
            }
            return heard
        }

        /// Leaves a leap of so many seconds out of its silence, unless `limit` seconds were left out already. It may have been heard
        /// since.
        mutating func excuse(_ leap: TimeInterval, at now: Date, atMost limit: TimeInterval) {
            if leap < 0 {
                let ahead = lastHeard.timeIntervalSince(now - leap)
                if lastHeard > now { lastHeard = now + max(0, ahead) }
            } else if excused < limit {
                excused += leap
                lastHeard = max(lastHeard, min(lastHeard + leap, now))
            }
        }
    }
}
