import BrokerKit
import Contract
import DefragTypes
import XFS

/// Tells the fleet what this host is and does, at a steady pace.
struct HostReporter: Sendable {
    private let configuration: ServeConfiguration
    private let standing: Standing
    private let ledger: Ledger
    private let outgoing: Outgoing
    private let certificate: CertificateWatch
    private let figures: FileSystemFigures
    private let start = ContinuousClock.now
    /// Two of them alive under one name are two workers.
    private let instance = newMessageID()

    init(
        _ configuration: ServeConfiguration, standing: Standing, ledger: Ledger, outgoing: Outgoing,
        certificate: CertificateWatch
    ) {
        self.configuration = configuration
        figures = FileSystemFigures(roots: configuration.roots)
        self.standing = standing
        self.ledger = ledger
        self.outgoing = outgoing
        self.certificate = certificate
    }

    /// Mentions the host's state at every interval, until cancelled.
    ///
    /// - Parameter each: called at every interval, for the watchdog.
    func reportState(each: () -> Void) async {
        while !Task.isCancelled {
            each()
            await refreshFigures()
            mentionState()
            try? await Task.sleep(for: configuration.stateInterval)
        }
    }

    /// Asks the roots' file systems for their free space, for no longer than a sign of life may be late.
    func refreshFigures() async { await figures.refresh(within: .seconds(1)) }

    /// Mentions the host's state now, by what was last heard of its file systems.
    func mentionState() {
        let desired = standing.desired
        outgoing.mention(
            .hostState(
                HostState(
                    version: reflowVersion, kernel: KernelRelease.current.description,
                    generation: desired.generation(at: Generation.now),
                    mode: desired.mode, fileSystems: figures.latest,
                    running: standing.running, surveys: standing.surveys,
                    uptime: (ContinuousClock.now - start).inSeconds, labels: configuration.labels,
                    instance: instance, accepted: ledger.accepted, deaf: standing.deaf,
                    hold: desired.hold, certificateExpires: certificate.expires)))
    }

    /// Mentions the running slices once a second, while there are any, until cancelled.
    func reportProgress() async {
        for await _ in standing.activity {
            while !standing.running.isEmpty {
                outgoing.mention(.progress(HostProgress(running: standing.running)))
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
        }
    }
}
