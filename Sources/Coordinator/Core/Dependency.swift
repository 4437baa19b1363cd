import AMQP
import BrokerKit
import Contract

/// The coordinator's connections to the broker.
enum BrokerLink: Hashable, CaseIterable, Sendable {
    /// Publishes what is to be done.
    case publishing
    /// Brings what hosts say.
    case consuming
}

/// Something that the core cannot work without.
enum Dependency: Hashable, Sendable {
    /// A connection to the broker.
    case link(BrokerLink)
    /// Being told when the broker takes no messages.
    case probe
    /// A queue that is consumed.
    case queue(String)
    /// The queue with states and progress, whose name is another one each time.
    case telemetry
    /// An exchange, or a binding of a queue that is consumed.
    case part(TopologyProblem.Part)
    /// Being the only coordinator of the virtual host.
    case lease
    /// The database.
    case store

    /// The consumption of a queue.
    init(queue: String) {
        if queue == Topology.leaseQueue.name {
            self = .lease
        } else {
            self = queue.hasPrefix(Topology.telemetryPrefix) ? .telemetry : .queue(queue)
        }
    }

    /// Whether nothing can be asked of hosts, or heard of them, without it: silence says nothing then.
    var bearsAnswers: Bool {
        switch self {
        case .store: false
        case .part(.exchange(let name)): [ExchangeName.events, ExchangeName.dead].contains(name)
        case .link, .probe, .queue, .telemetry, .part, .lease: true
        }
    }

    /// In which order troubles are told: the first is most likely the cause of those after it.
    var rank: Int {
        switch self {
        case .store: 0
        case .link(.publishing): 1
        case .link(.consuming): 2
        case .probe: 3
        case .lease: 4
        case .part: 5
        case .queue: 6
        case .telemetry: 7
        }
    }
}
