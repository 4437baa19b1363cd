import AMQP
import BrokerKit
public import Contract
public import DefragTypes
import Support

/// What a fleet says, from the moment the tap is opened.
public struct EventTap: Sendable {
    /// A host's word.
    public struct Said: Sendable {
        /// Whose.
        public let host: String
        /// When it was said, by the host's clock.
        public let time: Timestamp
        /// What.
        public let event: HostEvent
    }

    private let connection: Connection
    private let deliveries: Deliveries

    /// Taps what `host` says; `*` for all of them.
    public init(_ fleet: Fleet, host: String) async throws {
        connection = try await fleet.connect()
        // From before it consumes: that is reported once.
        let states = connection.states
        deliveries = connection.consume(
            declaring: .temporary("test.tap.\(newMessageID())"),
            bindings: [Binding(exchange: ExchangeName.events, routingKey: "\(host).#")], prefetch: 100)
        for await state in states {
            if case .consuming = state { break }
        }
    }

    /// What `choose` makes of the next word of which it makes something.
    public func firstSaid<Chosen>(_ choose: (Said) throws -> Chosen?) async throws -> Chosen {
        for await delivery in deliveries {
            delivery.ack()
            if RouteProbe.isProbe(delivery.properties) { continue }
            let message = try Contract.Message<HostEvent>(delivery)
            guard let host = EventAddress.host(ofSource: message.source) else { continue }
            let said = Said(host: "\(host)", time: message.time, event: message.body)
            if let chosen = try choose(said) { return chosen }
        }
        throw Tool.Failure(description: "the broker went away before the event came")
    }

    /// Hears one word after the other until `isEnough`.
    func hear(until isEnough: (Said) throws -> Bool) async throws {
        let _: Bool = try await firstSaid { try isEnough($0) ? true : nil }
    }

    /// What `choose` makes of the next event of which it makes something.
    public func first<Chosen>(_ choose: (HostEvent) throws -> Chosen?) async throws -> Chosen {
        try await firstSaid { try choose($0.event) }
    }

    /// Waits until a slice has rewritten something, and still runs.
    public func sliceIsRunning() async throws {
        let isRunning: Bool = try await first { event in
            switch event {
            case .progress(let progress): progress.running.contains { $0.rewritten > .zero } ? true : nil
            case .sliceFinished(let answer): answer.result.status == .done ? false : nil
            default: nil
            }
        }
        try Inspection.promise(isRunning, "the job was done before it could be disturbed: make it longer")
    }

    /// Waits until the host says that `condition` holds.
    public func state(where condition: (HostState) -> Bool) async throws -> HostState {
        try await first { event in
            if case .hostState(let state) = event, condition(state) { state } else { nil }
        }
    }

    /// Says goodbye to the broker.
    public func close() async { await connection.close() }
}
