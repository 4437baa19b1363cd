public import Contract
public import Foundation

extension Fleet {
    /// One host of the fleet.
    public struct Host: Sendable {
        public let name: HostName
        /// Its last state event; `nil` before the first.
        public internal(set) var state: HostState?
        /// When it was last heard, perhaps by a process before; `nil` if never.
        public internal(set) var lastHeard: Date?
        /// When the silence began that counts: it could not be heard before, or became known then.
        var silentSince: Date
        /// Whether this process has heard it: otherwise all that is known of it is from before.
        public private(set) var isHeardHere = false
        /// Whether it has been silent for ``Fleet/lostAfter``.
        public internal(set) var isLost: Bool
        public var wasHeard: Bool { lastHeard != nil }
        private var instances: WorkerInstances
        /// Since when it says that it cannot consume its queue, as far as this process has heard; `nil` if it can.
        private var deafSince: Date?
        /// Whether that was told.
        private var isToldDeaf = false
        /// Seconds by which leaps have shortened its silence since it was last heard.
        private var excused: TimeInterval = 0

        /// Why it cannot consume its queue, as far as this process has heard; `nil` if it can.
        public var deaf: String? { deafSince == nil ? nil : state?.deaf }
        /// The same, once it has lasted for longer than its connections take to come back one by one.
        public func lastingDeafness(at now: Date) -> String? {
            deafSince.flatMap { now.timeIntervalSince($0) >= Fleet.deafness ? deaf : nil }
        }
        /// Whether two workers speak under its name.
        public var hasTwin: Bool { instances.hasTwin }

        init(name: HostName, state: HostState?, isLost: Bool, lastHeard: Date?, silentSince: Date) {
            self.name = name
            self.state = state
            self.lastHeard = lastHeard
            self.silentSince = silentSince
            self.isLost = isLost
            instances = WorkerInstances(state, at: silentSince)
        }

        mutating func heard(_ event: HostEvent, at now: Date) -> Heard {
            var heard = Heard()
            heard.hasReturned = isLost
            isLost = false
            isHeardHere = true
            lastHeard = now
            silentSince = now
            excused = 0
            if case .hostState(let said) = event {
                let hadTwin = hasTwin
                heard.isOfTwin = !instances.heard(said, at: now)
                if !heard.isOfTwin {
                    state = said
                    deafSince = said.deaf == nil ? nil : deafSince ?? now
                    heard.hearsAgain = said.deaf == nil && isToldDeaf
                    if said.deaf == nil { isToldDeaf = false }
                }
                if hasTwin != hadTwin { heard.hasTwin = hasTwin }
            }
            return heard
        }

        /// Leaves a leap of so many seconds out of its silence, unless `limit` seconds were left out already. It may have been heard
        /// since.
        mutating func excuse(_ leap: TimeInterval, at now: Date, atMost limit: TimeInterval) {
            if leap < 0 {
                let ahead = silentSince.timeIntervalSince(now - leap)
                if silentSince > now { silentSince = now + max(0, ahead) }
                lastHeard = lastHeard.map { min($0, now) }
                deafSince = deafSince.map { min($0, now) }
            } else if excused < limit {
                excused += leap
                silentSince = max(silentSince, min(silentSince + leap, now))
            }
        }

        /// Whether it has been deaf for a while, and nobody was told yet; it counts as told from now on.
        mutating func becomesDeaf(at now: Date) -> Bool {
            guard !isLost, !isToldDeaf, lastingDeafness(at: now) != nil else { return false }
            isToldDeaf = true
            return true
        }
    }
}
