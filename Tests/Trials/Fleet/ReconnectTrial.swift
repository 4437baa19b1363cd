import AMQP
import BrokerKit
import Contract
import DefragTypes
import Support

/// Hosts that all connect again at once, as after an outage of the broker: how long until the coordinator has heard each of them.
///
/// The connections are the workers' own code, two for each host, in this process.
public struct ReconnectTrial: Sendable {
    /// How many hosts.
    public var hosts: Int
    /// Whether they speak TLS.
    public var usesTLS: Bool
    /// How long the broker is away.
    public var outage: Duration

    public init(hosts: Int, usesTLS: Bool, outage: Duration = .seconds(10)) {
        (self.hosts, self.usesTLS, self.outage) = (hosts, usesTLS, outage)
    }

    /// What it came to.
    public struct Figures: Sendable {
        /// Seconds from the broker's being back until half of the hosts were heard, and all of them.
        public var halfHeard = 0.0
        public var allHeard = 0.0
        /// The same at the beginning, when they connect for the first time.
        public var firstHeard = 0.0
        /// Hosts that were called lost meanwhile.
        public var lost = 0
        /// Of the coordinator, in MiB.
        public var peakMemory = 0
    }

    /// Runs it; `progress` is told how far it is.
    ///
    /// - Throws: ``Violation`` where a host is not heard within five minutes.
    public func run(progress: (String) -> Void) async throws -> Figures {
        let authority = try ThrowawayAuthority()
        let tlsPort = try PrivateBroker.freePorts(1)
        let broker = try await PrivateBroker(
            configuration: """
                listeners.ssl.1 = 127.0.0.1:\(tlsPort)
                ssl_options.cacertfile = \(authority.caFile)
                ssl_options.certfile = \(authority.certificateFile)
                ssl_options.keyfile = \(authority.keyFile)
                ssl_options.verify = verify_none
                """)
        let fleet = try await Fleet(broker: broker)
        let names = (1...hosts).compactMap { HostName("h\($0)") }
        progress("provisioning \(hosts) hosts")
        let provision = try Process(
            "reflow", ["provision", "--host-queues", "classic"] + names.flatMap { ["--host", "\($0)"] },
            environment: fleet.environment)
        try Inspection.promise(await provision.wait() == .exited(0), "provision: \(provision.errors)")
        let coordinator = try Coordinator(fleet)
        try await coordinator.start()
        let endpoint = try Endpoint(
            url: usesTLS ? "amqps://guest:guest@localhost:\(tlsPort)" : broker.url,
            files: TLSFiles(authorities: usesTLS ? authority.caFile : nil))
        var figures = Figures()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let begin = Timestamp.now
            for name in names { group.addTask { try await Self.serve(name, endpoint) } }
            (_, figures.firstHeard) = try await waitUntilHeard(since: begin, coordinator, progress)
            progress("the broker is away")
            try await broker.kill()
            try await Task.sleep(for: outage)
            try await broker.start()
            let back = Timestamp.now
            (figures.halfHeard, figures.allHeard) = try await waitUntilHeard(
                since: back, coordinator, progress)
        }
        figures.lost = try await coordinator.tell("events", "--type", "host.lost").split(separator: "\n")
            .count
        figures.peakMemory = try coordinator.peakMemory()
        try await coordinator.stop()
        return figures
    }

    /// Seconds until half and all of the hosts were heard since `time`.
    private func waitUntilHeard(
        since time: Timestamp, _ coordinator: Coordinator, _ progress: (String) -> Void
    ) async throws -> (half: Double, all: Double) {
        let clock = ContinuousClock.now
        var half: Double?
        while true {
            let known = try coordinator.lines(
                HostStatus.self, await coordinator.tell("hosts", "--output", "json"))
            let heard = known.count { $0.lastHeard.map { $0.unixSeconds >= time.unixSeconds } ?? false }
            let seconds = clock.duration(to: .now).inSeconds
            progress("\(heard) of \(hosts) heard after \(Int(seconds)) s")
            if heard * 2 >= hosts { half = half ?? seconds }
            if heard >= hosts { return (half ?? seconds, seconds) }
            try Inspection.promise(seconds < 300, "\(hosts - heard) of \(hosts) hosts were not heard")
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// What a worker's connections do while it has nothing to do.
    private static func serve(_ host: HostName, _ endpoint: Endpoint) async throws {
        let incoming = Connection(endpoint, ConnectionOptions(name: "\(host): tasks"))
        let publishing = Connection(endpoint, ConnectionOptions(name: "\(host): events"))
        incoming.start()
        publishing.start()
        let control = incoming.consume(queue: QueueName.control(host), prefetch: 8, isExclusive: true)
        let tasks = incoming.consume(queue: QueueName.tasks(host), prefetch: 32, whileConsuming: control)
        func mention() throws {
            let state = HostEvent.hostState(
                HostState(
                    version: reflowVersion, kernel: "simulated", generation: 0, mode: .run, fileSystems: [],
                    running: [], uptime: 1, instance: "\(host)", accepted: []))
            publishing.offer(
                try AMQP.Message(Contract.Message(source: EventAddress.source(host), body: state)),
                key: state.type, exchange: ExchangeName.events,
                routingKey: EventAddress.routingKey(host, type: state.type))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await state in publishing.states where state == .connected { try mention() } }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(10))
                    try mention()
                }
            }
            group.addTask { for await delivery in control { delivery.ack() } }
            group.addTask { for await delivery in tasks { delivery.ack() } }
            try await group.next()
            group.cancelAll()
        }
    }
}
