public import BrokerKit
import Foundation

/// The bounds of the queues as `rabbitmqctl import_definitions` takes them, from RabbitMQ 3.10 on.
///
/// An operator policy is a parameter there, with its definition as an object. (`export_definitions` writes those that
/// `set_operator_policy` has set as lists, which it does not read back.)
public struct PolicyDefinitions: Encodable {
    /// What is wanted of queues whose arguments say nothing.
    private struct Policy: Encodable {
        let vhost: String
        let name: String
        let pattern: String
        let applyTo = "queues"
        let priority = 0
        let definition: Definition

        struct Definition: Encodable {
            let overflow: String?
            let deliveryLimit: Int?

            enum CodingKeys: String, CodingKey {
                case overflow
                case deliveryLimit = "delivery-limit"
            }
        }

        enum CodingKeys: String, CodingKey {
            case vhost, name, pattern, priority, definition
            case applyTo = "apply-to"
        }
    }

    /// A bound beside the queues' own arguments, of which the lesser counts.
    private struct OperatorPolicy: Encodable {
        let vhost: String
        let name: String
        let component = "operator_policy"
        let value: Value

        struct Value: Encodable {
            let pattern: String
            let applyTo = "queues"
            let priority = 0
            let definition: [String: Int]

            enum CodingKeys: String, CodingKey {
                case pattern, priority, definition
                case applyTo = "apply-to"
            }
        }
    }

    private let policies: [Policy]
    private let parameters: [OperatorPolicy]

    /// Definitions for `virtualHost`, which has to be there.
    public init(virtualHost: String, _ all: [QueuePolicy] = Topology.policies) {
        policies = all.filter { $0.overflow != nil || $0.deliveryLimit != nil }.map { policy in
            Policy(
                vhost: virtualHost, name: policy.name, pattern: policy.pattern,
                definition: .init(overflow: policy.overflow?.rawValue, deliveryLimit: policy.deliveryLimit))
        }
        parameters = all.map { policy in
            OperatorPolicy(
                vhost: virtualHost, name: policy.name,
                value: .init(pattern: policy.pattern, definition: ["max-length-bytes": policy.maxBytes]))
        }
    }

    /// For people to read, and always the same.
    public func json() throws -> String { try definitionsText(self) }
}

/// Definitions for people to read, and always the same.
func definitionsText(_ definitions: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(definitions), as: UTF8.self)
}
