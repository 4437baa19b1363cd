import AMQP
import BrokerKit
import Contract
import DefragTypes
import Foundation

/// An operator's order to hosts over the broker alone, repeated until they say that they have it: a control queue keeps the last
/// message only, which may be the coordinator's.
struct ControlOrder {
    let connection: Connection
    let mail: HostMail
    let isHeld: Bool
    let by: String
    let why: String
    /// Over that of every slice.
    let policy: PolicyOverrides

    /// What became of it.
    struct Outcome {
        /// Hosts that say that they have it.
        var heard: Set<HostName> = []
        /// Hosts that it is for and that do not say so.
        var unheard: Set<HostName> = []
        /// Hosts that have said anything.
        var spoke: Set<HostName> = []
    }

    /// Before a host is told again.
    private static let patience = Duration.seconds(5)

    /// Gives it to `hosts`, or all that are provisioned if that is `nil`, and waits for their word until all have said it, at most
    /// for `timeout`.
    ///
    /// - Throws: ``Failure`` for a host that is not provisioned; ``AMQPError``.
    func give(to hosts: Set<HostName>?, within timeout: Duration) async throws -> Outcome {
        let states = (hosts.map { hosts in hosts.map { "\($0)" } } ?? ["*"]).map {
            Binding(exchange: ExchangeName.events, routingKey: "\($0).reflow.host.state")
        }
        let deliveries = connection.consume(
            declaring: .temporary("reflow.job.control-\(newMessageID())"), bindings: states, prefetch: 100)
        let clock = Int64(Date().timeIntervalSince1970 * 1000)
        let first = desired(after: clock - 1, clock - 1)
        if let hosts {
            for host in hosts {
                guard try await isProvisioned(host) else {
                    throw Failure(
                        .failed, "host \(host) is not provisioned: run 'reflow provision --host \(host)'")
                }
            }
            for host in hosts { try await send(first, to: host) }
        } else {
            try await connection.publish(
                AMQP.Message(Contract.Message(source: "/coordinator", body: first)),
                exchange: ExchangeName.controlAll, routingKey: "", mandatory: true)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let progress = Progress(hosts, first)
            group.addTask { try await follow(deliveries, progress) }
            group.addTask { try await Task.sleep(for: timeout) }
            try await group.next()
            group.cancelAll()
            return await progress.outcome
        }
    }

    /// What was sent to whom, and what they have said.
    private actor Progress {
        private let hosts: Set<HostName>?
        private let first: DesiredState
        private var sent: [HostName: (state: DesiredState, at: ContinuousClock.Instant)] = [:]
        private(set) var outcome: Outcome

        init(_ hosts: Set<HostName>?, _ first: DesiredState) {
            (self.hosts, self.first) = (hosts, first)
            outcome = Outcome(unheard: hosts ?? [])
            for host in hosts ?? [] { sent[host] = (first, .now) }
        }

        /// Everybody has it.
        var isComplete: Bool { hosts != nil && outcome.unheard.isEmpty }

        /// A host has said what it knows; returns what it is to be told, if it has to be told again.
        func heard(_ host: HostName, _ said: HostState, _ order: ControlOrder) -> DesiredState? {
            outcome.spoke.insert(host)
            let (state, at) = sent[host] ?? (first, .now)
            sent[host] = (state, at)
            if order.isTaken(state, said) {
                outcome.heard.insert(host)
                outcome.unheard.remove(host)
                return nil
            }
            outcome.heard.remove(host)
            outcome.unheard.insert(host)
            // What is older than what the host has, it ignores.
            let isAhead =
                said.generation > state.generation || said.hold?.generation ?? 0 > state.hold?.generation ?? 0
            guard isAhead || at.duration(to: .now) >= ControlOrder.patience else { return nil }
            let again = order.desired(
                after: max(said.generation, state.generation - 1),
                max(said.hold?.generation ?? 0, (state.hold?.generation ?? 0) - 1))
            sent[host] = (again, .now)
            return again
        }
    }

    private func follow(_ deliveries: Deliveries, _ progress: Progress) async throws {
        for await delivery in deliveries {
            delivery.ack()
            let sender = mail.sender(delivery.properties, routingKey: delivery.routingKey, isDead: false)
            guard case .event(let host, .hostState(let said), _) = mail.meaning(of: delivery, from: sender)
            else { continue }
            if let again = await progress.heard(host, said, self) { try await send(again, to: host) }
            if await progress.isComplete { return }
        }
    }

    /// Whether a host that says `said` has taken `state`: what a coordinator has told it since does not matter.
    private func isTaken(_ state: DesiredState, _ said: HostState) -> Bool {
        said.knowsHolds
            ? said.hold == state.hold && said.generation >= state.generation
            : said.generation >= state.generation && said.mode == state.mode
    }

    private func desired(after generation: Int64, _ hold: Int64) -> DesiredState {
        DesiredState(
            generation: generation + 1, mode: isHeld ? .pause : .run, policy: policy,
            hold: Hold(generation: hold + 1, isHeld: isHeld, since: .now, by: by, why: why))
    }

    private func isProvisioned(_ host: HostName) async throws -> Bool {
        do {
            _ = try await connection.inspect(queue: QueueName.control(host))
            return true
        } catch let error as AMQPError where error.code == .notFound {
            return false
        }
    }

    private func send(_ state: DesiredState, to host: HostName) async throws {
        try await connection.publish(
            AMQP.Message(Contract.Message(source: "/coordinator", body: state)),
            exchange: ExchangeName.control, routingKey: "\(host)", mandatory: true)
    }
}
