import AMQP
import Contract
import Logging

/// Takes the desired state from the host's control queue, which holds the last value only.
struct ControlIntake: Sendable {
    let host: HostName
    let standing: Standing
    let outgoing: Outgoing
    let log: Logger

    /// Runs until `deliveries` end; calls `changed` after each change.
    func run(_ deliveries: some AsyncSequence<Delivery, Never> & Sendable, changed: () -> Void) async {
        for await delivery in deliveries {
            do throws(ContractError) {
                guard case .complete(let bytes) = delivery.body else {
                    throw ContractError(.tooLarge, "a control message is small")
                }
                let desired = try Contract.Message<DesiredState>(json: bytes).body
                if standing.take(desired) {
                    log.info(
                        "new desired state",
                        metadata: ["generation": "\(desired.generation)", "mode": "\(desired.mode.rawValue)"])
                    changed()
                }
            } catch {
                log.warning("a control message is not understood", metadata: ["error": "\(error)"])
                try? await outgoing.deadLetter(delivery, from: QueueName.control(host), error)
            }
            delivery.ack()
        }
    }
}
