import Contract
import Foundation
import Logging
import Rollout

/// Where the core meets the broker: whether it is there, and what it is to be given.
extension Core {
    /// Why the broker cannot be worked with; `nil` while it can.
    var brokerTrouble: String? { BrokerLink.allCases.compactMap { brokerTroubles[$0] }.first }

    func brokerAway(_ link: BrokerLink, _ why: String, _ step: inout Step) {
        brokerTroubles[link] = "the broker is away: \(why)"
        guard !wasAway else { return }
        wasAway = true
        carryOut(
            [
                .tell(
                    "broker.away", "the broker is away (\(why)); the hosts go on with what they have",
                    at: step.now)
            ], &step)
    }

    func brokerBack(_ link: BrokerLink, _ step: inout Step) {
        brokerTroubles[link] = nil
        guard brokerTroubles.isEmpty else { return }
        // At the beginning nobody has been missed: silence goes on across a restart.
        guard wasAway else {
            log.info("the broker is there")
            return
        }
        wasAway = false
        fleet.couldNotHear(until: step.now + Self.longestRetry)
        carryOut(
            [.tell("broker.back", "the broker is there again", at: step.now), .rollouts(.reconnected)], &step)
    }

    /// Seconds after which a host tries again to reach a broker that has come back, at most.
    private static let longestRetry: TimeInterval = 30

    // MARK: - The outbox

    /// What is to be published next, of each routing key the oldest, the oldest of all first, but for the keys `excluded`: the
    /// same again until it is settled.
    func outgoing(most limit: Int, excluding excluded: Set<String> = []) throws -> [Store.Outgoing] {
        try store.readNow { try $0.nextOutgoing(excluding: excluded, limit: limit) }
    }

    /// Messages that the broker has taken, or that cannot be delivered, with the reason. Any that is not among them is tried
    /// again.
    func published(_ settled: [(Store.Outgoing, String?)]) throws {
        var step = Step(at: clock())
        let numbers = settled.map(\.0.id)
        step.write { try $0.remove(outbox: numbers) }
        for case (let message, let why?) in settled {
            guard let name = message.host, let host = HostName(name), let task = message.task else {
                continue
            }
            log.warning("a message cannot be delivered", metadata: ["host": "\(host)", "why": "\(why)"])
            carryOut([.taskFailed(task, host, why: why)], &step)
        }
        try commit(step)
    }
}
