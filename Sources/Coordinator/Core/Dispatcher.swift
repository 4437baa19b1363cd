import AMQP
import BrokerKit
import Logging

/// Keeps a ``Core`` at the broker: brings it what hosts say, and publishes what it decides.
struct Dispatcher: Sendable {
    let core: Core
    /// Two connections: a broker that is short of memory stops reading from publishers, and answers must not wait for that.
    let publishing: Connection
    let consuming: Connection
    let mail: HostMail
    let log: Logger
    /// What is declared at each connection, and kept declared; `nil` for nothing.
    var topology: Topology?
    /// Whether it has to be the only one of its virtual host.
    var needsLease = false

    /// Dispatches until the task is cancelled. The connections are started by the caller.
    ///
    /// - Parameter sources: what is consumed.
    func run(from sources: [Intake.Source]) async {
        let mailbox = Mailbox<CoreInput>()
        let probe = topology.map { _ in RouteProbe() }
        let undelivered = Undelivered(
            connection: publishing, mailbox: mailbox, mayPublish: { core.mayPublish })
        let intake = Intake(
            connection: consuming, mail: mail, mailbox: mailbox, awaited: core.awaited, probe: probe,
            undelivered: undelivered)
        for source in sources { core.health[source.dependency] = "\(source.name) is not consumed yet" }
        if needsLease { core.health[.lease] = "whether another coordinator is at work is not known yet" }
        await withTaskCancellationHandler {
            async let seen: Void = undelivered.run()
            await run(from: sources, intake, probe, mailbox)
            await seen
        } onCancel: {
            mailbox.close()
            intake.close()
            core.outboxWake.close()
        }
    }

    private func run(
        from sources: [Intake.Source], _ intake: Intake, _ probe: RouteProbe?, _ mailbox: Mailbox<CoreInput>
    ) async {
        await withDiscardingTaskGroup { group in
            for (connection, link) in [(publishing, BrokerLink.publishing), (consuming, .consuming)] {
                let holdsLease = needsLease && link == .consuming
                let watch = BrokerWatch(
                    connection: connection, link: link, mailbox: mailbox,
                    publications: holdsLease ? core.publications : nil, log: log)
                group.addTask { await watch.run() }
            }
            group.addTask {
                await publishing.probeForAlarms { error in
                    // Hosts could be cut off by an alarm, and nobody would know: that is no broker to rely on.
                    let why = error.map { "whether it takes messages cannot be found out: \($0)" }
                    mailbox.put(why.map { .away(.probe, $0) } ?? .back(.probe))
                }
            }
            if let topology {
                var keeper = TopologyKeeper(
                    topology, on: publishing, consuming: consuming, probe: probe, log: log)
                keeper.isActive = { core.mayPublish }
                keeper.unconsumed = topology.queues.map(\.name).filter { !sources.contains(.queue($0)) }
                keeper.hosts = { await core.knownHosts }
                keeper.report = { mailbox.put(.warnings($0.map(\.description))) }
                keeper.reportMissing = { part, isMissing in
                    mailbox.put(
                        isMissing ? .away(.part(part), "it is declared again") : .back(.part(part)))
                }
                group.addTask { [keeper] in await keeper.run() }
            }
            group.addTask { await consume(sources, intake) }
            group.addTask { await intake.tick() }
            group.addTask { await OutboxPublisher(core: core, connection: publishing, log: log).run() }
            group.addTask {
                while let inputs = await mailbox.next(most: Self.batch) { await core.take(inputs) }
            }
        }
    }

    private func consume(_ sources: [Intake.Source], _ intake: Intake) async {
        let lease = needsLease ? Lease.take(on: consuming) : nil
        await withDiscardingTaskGroup { group in
            for source in sources { group.addTask { await intake.take(from: source, whileHolding: lease) } }
        }
        withExtendedLifetime(lease) {}
    }

    /// Inputs that are taken in in one transaction, at most.
    private static let batch = 1000
}
