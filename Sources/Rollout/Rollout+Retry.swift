public import Contract
public import DefragTypes
import Foundation

/// Failed targets that are tried again.
extension Rollout {
    /// Which failed targets are meant: of this reason, of this host; `nil` for any.
    public struct Failed: Hashable, Sendable {
        public var reason: Reason?
        public var host: HostName?

        public init(reason: Reason? = nil, host: HostName? = nil) {
            self.reason = reason
            self.host = host
        }
    }

    /// Numbers of the targets that have failed and are meant.
    public func targets(_ failed: Failed) -> [Int] {
        let host = failed.host.map { places[$0] ?? -1 }
        return targets.indices.filter { number in
            guard case .failed(let why) = targets[number].state,
                host ?? targets[number].host == targets[number].host
            else { return false }
            return failed.reason.map { $0 == why } ?? true
        }
    }

    /// Whether it can begin again: it ended by itself, and something failed.
    private var canReopen: Bool { state.phase == .completedWithFailures }

    /// Gives failed targets all of their attempts again, from where they were. Their failures are forgiven. A rollout that is
    /// completed with failures goes on; which hosts were lost since it ended, it has not been told: `lost` are.
    mutating func retry(_ failed: Failed, lost: Set<HostName>, at now: Date) throws(Refused) {
        guard canReopen || state.phase == .running || state.phase == .surveying else {
            throw Refused(message: "it is \(state.phase.rawValue)")
        }
        let numbers = targets(failed)
        guard !numbers.isEmpty else { throw Refused(message: "no file that failed is meant") }
        for number in numbers { targets[number].resetAttempts() }
        changes.targets.formUnion(numbers)
        setState {
            $0.forgiven = min($0.failures, $0.forgiven + numbers.count)
            if $0.phase == .completedWithFailures {
                $0.phase = .running
                $0.unanswered = Unanswered()
            }
        }
        for host in Set(numbers.map { targets[$0].host }).sorted() {
            reopen(host, isLost: lost.contains(hosts[host].name), at: now)
        }
    }

    private mutating func reopen(_ host: Int, isLost: Bool, at now: Date) {
        // Those before the head are looked at again.
        for lane in hosts[host].lanes.indices { hosts[host].lanes[lane].head = 0 }
        guard hosts[host].state.phase.isEnded else { return }
        setHost(host) {
            $0.phase = .waiting
            $0.givenUp = nil
            // It has as long to return as any other.
            $0.lostSince = isLost ? now : nil
        }
        hosts[host].deafness?.since = now
    }
}
