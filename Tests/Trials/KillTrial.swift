import DefragTypes
import Glibc
import Support

/// `reflow-worker defrag` killed with -9 at random moments, under live load.
public struct KillTrial: Sendable {
    /// Kills wanted.
    public var kills: Int
    /// Megabytes of the image.
    public var mebibytes: Int
    /// Where the random choices come from. The interleaving with the guests is the machine's.
    public var seed: UInt64
    /// Kills between two inspections, in which the guests rest and the file system is repaired without a change.
    public var inspectEvery: Int

    public init(kills: Int, mebibytes: Int = 128, seed: UInt64, inspectEvery: Int = 10) {
        self.kills = kills
        self.mebibytes = mebibytes
        self.seed = seed
        self.inspectEvery = inspectEvery
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// Runs that were killed before their end.
        public var kills = 0
        /// Runs that had ended before they could be killed.
        public var tooLate = 0
        /// Writes and discards of the guests that were acknowledged.
        public var acknowledged = 0
        /// Blocks compared with the log.
        public var compared = 0
        /// Inspections: a run to the end, hints, free space, inodes, xfs_repair -n.
        public var inspections = 0
    }

    /// Runs it; `progress` is called for each kill.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken.
    public func run(_ progress: (Figures) -> Void = { _ in }) async throws -> Figures {
        var random = Xorshift(seed: seed)
        var figures = Figures()
        let hint = [0, 0, 32 << 10, 1 << 20].randomElement(using: &random) ?? 0
        let file = try GuestFile(
            on: LoopXFS(mebibytes: 8 * mebibytes + 512), mebibytes: mebibytes, seed: seed,
            copyOnWriteHint: UInt32(hint))
        defer { file.disk.close() }
        let pace = Duration.milliseconds(4)
        file.load.start(pace: pace)
        defer { file.load.stop() }
        // How long a run takes, as far as we know.
        var length = 1.0
        while figures.kills < kills {
            try file.age(
                keep: Int.random(in: 0...2, using: &random), writes: mebibytes * 24, pace: pace)
            let process = try WorkerRun.start(WorkerRun.randomOptions(&random), path: file.path)
            let moment =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: Double.random(in: 0..<0.1, using: &random)  // its start
                case 1: Double.random(in: 0.7..<1.1, using: &random) * length  // its end
                default: Double.random(in: 0..<1, using: &random) * length
                }
            usleep(UInt32(moment * 1e6))
            process.send(SIGKILL)
            let end = await process.wait()
            switch end {
            case .killed(SIGKILL):
                figures.kills += 1
                length = max(length, 0.9 * moment)
            case .exited(0):
                figures.tooLate += 1
                length = WorkerRun.result(of: process)?.seconds ?? length
            default:
                throw Violation("reflow-worker: \(end)\n\(process.output)\(process.errors)")
            }
            try file.compareLive()
            figures.compared += 2 * file.load.ledger.count
            figures.acknowledged = file.load.acknowledged
            progress(figures)
            let isDue = figures.kills % inspectEvery == 0 && end == .killed(SIGKILL)
            if isDue || figures.kills == kills {
                file.load.stop()
                try await file.inspect()
                figures.inspections += 1
                figures.compared += 6 * file.load.ledger.count
                if figures.kills < kills { file.load.start(pace: pace) }
            }
        }
        figures.acknowledged = file.load.acknowledged
        return figures
    }
}
