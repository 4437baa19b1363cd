import DefragTypes
import Glibc
import Support
import Synchronization

/// The power cut off at random moments of `reflow-worker defrag`, under live load.
public struct PowerCutTrial: Sendable {
    /// Cuts wanted.
    public var cuts: Int
    /// Size of the image in MiB.
    public var mebibytes: Int
    /// Where the random choices come from. The interleaving with the guests is the machine's.
    public var seed: UInt64
    /// Cuts of one disk, before the next kind has its turn.
    public var cutsPerDisk: Int

    public init(cuts: Int, mebibytes: Int = 96, seed: UInt64, cutsPerDisk: Int = 5) {
        self.cuts = cuts
        self.mebibytes = mebibytes
        self.seed = seed
        self.cutsPerDisk = cutsPerDisk
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// Cuts during a run, by kind of disk.
        public var cuts: [String: Int] = [:]
        /// Cuts that fell between two runs: they are checked, but do not count.
        public var between = 0
        /// Writes and discards of the guests that were acknowledged.
        public var acknowledged = 0
        /// Blocks compared with the log.
        public var compared = 0
        /// Blocks found older than what was acknowledged, but not fsynced: what cuts of volatile disks took away.
        public var lost = 0
        /// Copies that had other hints or attributes than their owner's, until the next run.
        public var unrestored = 0

        /// All of them.
        public var total: Int { cuts.values.reduce(0, +) }
    }

    /// Runs it; `progress` is called for each cut.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken.
    public func run(_ progress: (Figures) -> Void = { _ in }) async throws -> Figures {
        var random = Xorshift(seed: seed)
        var figures = Figures()
        var kinds = PowerCutDisk.Cache.allCases[...]
        while figures.total < cuts {
            let kind = kinds.removeFirst()
            kinds.append(kind)
            let wanted = min(cuts, figures.total + cutsPerDisk)
            try await run(on: kind, until: wanted, &random, &figures, progress)
        }
        return figures
    }

    private func run(
        on kind: PowerCutDisk.Cache, until wanted: Int, _ random: inout Xorshift, _ figures: inout Figures,
        _ progress: (Figures) -> Void
    ) async throws {
        let disk = try PowerCutDisk(mebibytes: 4 * mebibytes + 300, cache: kind)
        defer { disk.close() }
        let hint = [0, 0, 32 << 10, 1 << 20].randomElement(using: &random) ?? 0
        let file = try GuestFile(
            on: disk.system, mebibytes: mebibytes, seed: random.next(), copyOnWriteHint: UInt32(hint))
        let pace = Duration.milliseconds(4)
        file.load.start(pace: pace)
        defer { file.load.stop() }
        let before = figures.acknowledged
        while figures.total < wanted {
            try file.age(
                keep: Int.random(in: 0...2, using: &random), writes: mebibytes * 24, pace: pace)
            let process = try WorkerRun.start(WorkerRun.randomOptions(&random), path: file.path)
            usleep(UInt32(Double.random(in: 0.02..<1.2, using: &random) * 1e6))
            let floor = file.load.ledger.durable
            let complete = file.load.ledger.complete
            let isAtWork = process.isRunning
            let remains = try disk.cut(&random)
            let ceiling = file.load.ledger.started
            let backups = file.expectedBackups
            // The run continues during the checks, and the next begins when both have ended.
            try await remains.use { system in
                try await inspect(
                    system, file, floor: floor, complete: complete, ceiling: ceiling, backups: backups,
                    &figures)
            }
            if isAtWork {
                figures.cuts[kind.rawValue, default: 0] += 1
            } else {
                figures.between += 1
            }
            figures.acknowledged = before + file.load.acknowledged
            progress(figures)
            let end = await process.wait()
            guard end == .exited(0) else {
                throw Violation("reflow-worker: \(end)\n\(process.output)\(process.errors)")
            }
        }
        file.load.stop()
        try await file.inspect()
    }

    /// The remaining disk holds everything that was promised, can be defragmented, and is consistent.
    private func inspect(
        _ system: LoopXFS, _ file: GuestFile, floor: [UInt32], complete: [UInt32], ceiling: [UInt32],
        backups: [String: String], _ figures: inout Figures
    ) async throws {
        let path = system.file("image")
        try Inspection.compare(path, with: file.load.ledger, floor: floor, ceiling: { ceiling })
        figures.compared += floor.count
        for (backup, sum) in backups {
            let name = backup.split(separator: "/").last.map(String.init) ?? ""
            try Inspection.promise(try checksum(system.file(name)) == sum, "\(name) is not what it was")
        }
        figures.lost += try Inspection.older(path, than: complete, file.load.ledger)
        if try !file.hasNoTraces(path) { figures.unrestored += 1 }
        let contents = try checksum(path)
        // Its name for runs on this file is that of the run that continues: use another namespace.
        try await WorkerRun.finish(
            ["--duty", "100%", "--min-free", "0"], path: path, through: ["unshare", "--net"])
        try Inspection.promise(try checksum(path) == contents, "\(path) was changed by a run after the cut")
        TestFile(path).dropCache()
        try Inspection.promise(try checksum(path) == contents, "\(path) was changed by a run after the cut")
        for (backup, sum) in backups {
            let name = backup.split(separator: "/").last.map(String.init) ?? ""
            try Inspection.promise(
                try checksum(system.file(name)) == sum, "\(name) was changed by a run after the cut")
        }
        try file.inspectTraces(in: system)
        try Inspection.promise(try checksum(path) == contents, "\(path) was changed by being mounted again")
    }
}
