import DefragTypes
import Dispatch
import Support
import Synchronization

/// fio, an exerciser that is not ours, writes to a file in four ways and verifies what it has written, while runs go over the file
/// again and again.
public struct ExerciserTrial: Sendable {
    /// How long fio writes.
    public var duration: Duration
    /// Megabytes of the file, at least 4.
    public var mebibytes: Int
    /// Where the random choices of the runs come from; fio has its own.
    public var seed: UInt64

    public init(duration: Duration, mebibytes: Int, seed: UInt64) {
        self.duration = duration
        self.mebibytes = mebibytes
        self.seed = seed
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// Runs over the file, all to its end.
        public var runs = 0
        /// Extents saved.
        public var saved = 0
        /// Bytes that the runs have rewritten.
        public var rewritten: Int64 = 0
        /// Blocks that fio has written, and verified while the runs were at work.
        public var written = 0
        public var verified = 0
    }

    /// A block of fio's, with a checksum, its offset and its number in it.
    private static let block = 4096
    private static let verifying = [
        "--bs=\(block)", "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0",
    ]

    /// How it writes, in a part of the file each. fio 3.33 maps a part of a file as if it were the first.
    private static let ways = [
        ["--ioengine=mmap"], ["--ioengine=psync", "--fsync=64"],
        ["--ioengine=libaio", "--direct=1", "--iodepth=8"], ["--ioengine=psync", "--direct=1", "--sync=1"],
    ]

    /// Runs it; `progress` is called for each run.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken, ``Tool/Failure`` with what fio says.
    public func run(_ progress: (Figures) -> Void = { _ in }) async throws -> Figures {
        var random = Xorshift(seed: seed)
        let disk = try LoopXFS(mebibytes: 8 * mebibytes + 512)
        defer { disk.close() }
        let (image, backup) = (disk.file("image"), disk.file("backup"))
        try fio(image, [["--rw=write", "--do_verify=0", "--end_fsync=1", "--size=\(mebibytes)m"]])
        let end = Mutex<Result<[Counts], any Error>?>(nil)
        DispatchQueue(label: "fio").async {
            let result = Result { try exercise(image) }
            end.withLock { $0 = result }
        }
        var figures = Figures()
        while end.withLock({ $0 == nil }) {
            // Sometimes the backup stays for another run.
            if Int.random(in: 0..<3, using: &random) > 0 {
                try Tool.run("rm", "-f", backup)
                try Tool.run("cp", "--reflink=always", image, backup)
            }
            let result = try await WorkerRun.finish(WorkerRun.randomOptions(&random), path: image)
            figures.runs += 1
            figures.saved += result.extents.before - result.extents.after
            figures.rewritten += result.bytes.rewritten.rawValue
            progress(figures)
        }
        for counts in try end.withLock({ try $0?.get() ?? [] }) {
            figures.written += counts.written
            figures.verified += counts.read
        }
        for pass in 0..<2 {
            try fio(image, [["--rw=read", "--size=\(mebibytes)m"]])
            if pass == 0 { TestFile(image).dropCache() }
        }
        try disk.unmountAndCheck()
        return figures
    }

    /// Blocks that a job of fio's has read and written.
    private typealias Counts = (read: Int, written: Int)

    private func exercise(_ image: String) throws -> [Counts] {
        let part = mebibytes / Self.ways.count
        return try fio(
            image,
            Self.ways.enumerated().map { number, way in
                way + [
                    "--offset=\(number * part)m", "--size=\(part)m", "--rw=randwrite", "--verify_backlog=512",
                    "--rate_iops=600", "--time_based", "--runtime=\(duration.components.seconds)",
                    "--randseed=\(seed &+ UInt64(number))",
                ]
            })
    }

    @discardableResult
    private func fio(_ image: String, _ jobs: [[String]]) throws -> [Counts] {
        let arguments = jobs.enumerated().flatMap { number, job in
            ["--name=\(number)", "--filename=\(image)", "--fallocate=none"] + Self.verifying + job
        }
        let output = try Tool.run(["fio", "--output-format=terse", "--terse-version=3"] + arguments)
        // Field 6 and 47 are KiB read and written, HOWTO of fio.
        return output.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ";", omittingEmptySubsequences: false)
            guard fields.count > 46, let read = Int(fields[5]), let written = Int(fields[46]) else {
                return nil
            }
            return (read << 10 / Self.block, written << 10 / Self.block)
        }
    }
}
