import Contract
import DefragTypes
import XFS

/// Tells the fleet what this host is and does, at a steady pace.
struct HostReporter: Sendable {
    let standing: Standing
    let outgoing: Outgoing
    let interval: Duration
    let labels: [String: String]
    private let start = ContinuousClock.now

    init(standing: Standing, outgoing: Outgoing, interval: Duration, labels: [String: String]) {
        self.standing = standing
        self.outgoing = outgoing
        self.interval = interval
        self.labels = labels
    }

    /// Mentions the host's state at every interval, until cancelled.
    ///
    /// - Parameter each: called at every interval, for the watchdog.
    func reportState(each: () -> Void) async {
        while !Task.isCancelled {
            each()
            mentionState()
            try? await Task.sleep(for: interval)
        }
    }

    /// Mentions the host's state now.
    func mentionState() {
        let desired = standing.desired
        outgoing.mention(
            .hostState(
                HostState(
                    version: reflowVersion, kernel: KernelRelease.current.description,
                    generation: desired.generation,
                    mode: desired.mode, fileSystems: mountedFileSystems(), running: standing.running,
                    surveys: standing.surveys,
                    uptime: (ContinuousClock.now - start).inSeconds, labels: labels)))
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

    private func mountedFileSystems() -> [HostState.FileSystem] {
        let mounts = (try? Mount.all()) ?? []
        return mounts.compactMap { mount -> HostState.FileSystem? in
            guard let fileSystem = try? XFS.FileSystem(at: mount.path) else { return nil }
            return HostState.FileSystem(
                uuid: fileSystem.geometry.uuid, mountPoint: mount.path,
                size: ByteCount(fileSystem.space.size), free: ByteCount(fileSystem.space.available))
        }
    }

}
