import BrokerKit
import Contract
import Foundation
import Logging
import Rollout

/// Where the core meets the broker: whether it is there, and what it is to be given.
extension Core {
    /// Why nothing can be asked of hosts or heard of them; `nil` while it can.
    nonisolated var brokerTrouble: String? {
        health.troubles.filter(\.key.bearsAnswers).min { $0.key.rank < $1.key.rank }?.value
    }

    func away(_ dependency: Dependency, _ why: String, _ step: inout Step) {
        let wasThere = wasThere(dependency)
        switch dependency {
        case .link, .probe:
            health[dependency] = "the broker is away: \(why)"
            if dependency == .link(.consuming), holdsLease {
                // It went with its connection: another coordinator may have it by now.
                holdsLease = false
                health[.lease] = "whether another coordinator is at work is not known yet"
                unsaid[.lease] = nil
                publications.breakOff()
            }
            guard !wasAway else { return }
            wasAway = true
            tell("broker.away", "the broker is away (\(why)); the hosts go on with what they have", &step)
        case .queue(let queue):
            health[dependency] = "the queue \(queue) cannot be consumed: \(why)"
            guard wasThere else { return }
            lostQueues.insert(queue)
            tell("broker.queueLost", "the queue \(queue) cannot be consumed any more: \(why)", &step)
        case .part(.queue(let queue)):
            // Nobody waits for what is in it.
            if lostQueues.insert(queue).inserted {
                tell("broker.queueLost", "the queue \(queue) is missing: \(why)", &step)
            }
        case .part(let part):
            health[dependency] = "the \(part) is missing: \(why)"
            if wasThere { tell("broker.\(part.kind)Lost", "the \(part) is missing: \(why)", &step) }
        case .telemetry:
            health[dependency] = "what hosts say of themselves cannot be consumed: \(why)"
        case .lease:
            health[dependency] = why
            holdsLease = false
            publications.breakOff()
            if wasThere || !isStandby { tell("coordinator.standby", why, &step) }
            isStandby = true
        case .store: health[dependency] = why
        }
    }

    func back(_ dependency: Dependency, _ step: inout Step) {
        if case .part(.queue(let queue)) = dependency {
            guard lostQueues.remove(queue) != nil else { return }
            return tell("broker.queueBack", "the queue \(queue) is there again", &step)
        }
        guard !wasThere(dependency) || health[dependency] != nil else { return }
        health[dependency] = nil
        if case .lease = dependency {
            holdsLease = true
            if isStandby {
                tell("coordinator.active", "this coordinator is at work", &step)
                // The other one may have taken the answers.
                carryOut([.rollouts(.answersLost)], &step)
            }
            isStandby = false
        }
        // What could not be published until now.
        outboxWake.put(())
        if case .queue(let queue) = dependency, lostQueues.remove(queue) != nil {
            tell("broker.queueBack", "the queue \(queue) is consumed again", &step)
            // What was in it, or published meanwhile, is lost.
            carryOut([.rollouts(.answersLost)], &step)
        }
        if case .part(let part) = dependency {
            tell("broker.\(part.kind)Back", "the \(part) is there again", &step)
            // What was published meanwhile came nowhere.
            carryOut([.rollouts(.answersLost)], &step)
        }
        guard brokerTrouble == nil else { return }
        guard wasAway else {
            // Nobody has been missed: silence goes on across a restart.
            if !wasReached { log.info("the broker is there") }
            wasReached = true
            return
        }
        wasAway = false
        fleet.couldNotHear(until: step.now + Self.longestRetry)
        tell("broker.back", "the broker is there again", &step)
        carryOut([.rollouts(.reconnected)], &step)
    }

    /// Takes in what is not as it should be at the broker.
    func take(warnings: [String], _ step: inout Step) {
        for warning in Set(warnings).subtracting(health.warnings).sorted() {
            tell("broker.misconfigured", warning, &step)
        }
        health.warnings = warnings
    }

    /// The hosts whose queues are to be bound.
    var knownHosts: [HostName] { fleet.hosts.keys.sorted() }

    private func tell(_ type: String, _ text: String, _ step: inout Step) {
        carryOut([.tell(type, text, at: step.now)], &step)
    }

    /// Seconds after which a host tries again to reach a broker that has come back, at most.
    private static let longestRetry: TimeInterval = 30

    // MARK: - The outbox

    /// Whether this process may say anything to hosts: no other coordinator is at work. What the connection has lost the core may
    /// not have heard of yet.
    nonisolated var mayPublish: Bool { health[.lease] == nil && !publications.isForbidden }

    /// What is to be published next, of each queue the oldest, control before tasks, but for the queues `excluded`: the same again
    /// until it is settled; control alone with `onlyOrders`. Nothing while another coordinator is at work, or nothing can be read.
    func outgoing(
        most limit: Int, excluding excluded: Set<Store.Outgoing.Queue> = [], onlyOrders: Bool = false
    ) -> [Store.Outgoing] {
        guard mayPublish else { return [] }
        do {
            return try read { try $0.nextOutgoing(excluding: excluded, limit: limit, onlyOrders: onlyOrders) }
        } catch {
            if let trouble = StoreTrouble(error) { storeIsAway(trouble) }
            log.error("the outbox cannot be read", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// Messages that the broker has taken, or that cannot be delivered, with the reason. Any that is not among them is tried
    /// again. Returns once that is stored.
    func published(_ settled: [(Store.Outgoing, String?)]) async {
        let numbers = settled.map(\.0.id)
        do {
            try await insisting {
                var step = try newStep()
                step.write { try $0.remove(outbox: numbers) }
                for case (let message, let why?) in settled {
                    guard let name = message.host, let host = HostName(name), let task = message.task else {
                        continue
                    }
                    log.warning(
                        "a message cannot be delivered", metadata: ["host": "\(host)", "why": "\(why)"])
                    carryOut([.taskFailed(task, host, why: why)], &step)
                }
                try commit(step)
            }
        } catch is CancellationError {
            // They are published again, under the same ids.
            return
        } catch {
            log.error("what was published cannot be noted", metadata: ["error": "\(error)"])
            if settled.count > 1 {
                for one in settled { await published([one]) }
                return
            }
            // Nobody hears that it failed; it must not be published for ever.
            try? await insisting {
                var step = try newStep()
                step.write { try $0.remove(outbox: numbers) }
                try commit(step)
            }
        }
    }
}
