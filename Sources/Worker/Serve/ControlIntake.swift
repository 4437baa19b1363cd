import AMQP
import BrokerKit
import Contract
import Logging

/// Takes the desired state from the host's control queue, which holds the last value only.
struct ControlIntake: Sendable {
    let host: HostName
    let standing: Standing
    /// Where it is kept for the next worker.
    let orders: OrdersFile?
    let outgoing: Outgoing
    let senders: SenderCheck
    let log: Logger

    /// Runs until `deliveries` end; calls `changed` after each change.
    func run(_ deliveries: some AsyncSequence<Delivery, Never> & Sendable, changed: () -> Void) async {
        await withDiscardingTaskGroup { group in
            for await delivery in deliveries { take(delivery, &group, changed) }
        }
    }

    private func take(_ delivery: Delivery, _ group: inout DiscardingTaskGroup, _ changed: () -> Void) {
        do throws(ContractError) {
            try senders.check(delivery)
            let desired = try Contract.Message<DesiredState>(delivery).body
            try desired.check()
            guard standing.take(desired) else {
                delivery.ack()
                return
            }
            let now = standing.desired
            var metadata: Logger.Metadata = [
                "generation": "\(now.generation)", "mode": "\(now.mode.rawValue)",
            ]
            if let hold = now.hold, hold.isHeld { metadata["heldBy"] = "\(hold.by): \(hold.why)" }
            log.info("new desired state", metadata: metadata)
            changed()
            // It holds already; the broker keeps it until the next worker would know it, too.
            group.addTask {
                do { try await orders?.keep(standing.desired) } catch {
                    log.error(
                        "what the operators want will not survive a restart", metadata: ["error": "\(error)"])
                }
                delivery.ack()
            }
        } catch {
            if error.code != .notBelieved {
                log.warning(
                    "a control message is refused, to the dead letters", metadata: ["error": "\(error)"])
            }
            // Beside the loop: a broker that holds publishers back must not keep a pause from getting in.
            group.addTask {
                do {
                    try await outgoing.deadLetter(delivery, from: QueueName.control(host), error)
                } catch {
                    log.error("a dead letter could not be published", metadata: ["error": "\(error)"])
                }
                delivery.ack()
            }
        }
    }
}
