import DefragTypes
import Support

/// Random files, defragmented under random policies while others use them, and compared with a model in memory.
public struct DifferentialTrial: Sendable {
    /// Rounds wanted.
    public var rounds: Int
    /// No round begins later than this.
    public var limit: Duration
    /// Where the random choices come from: round number n of a trial is the first one of a trial with n more. The
    /// interleaving with the others is the machine's.
    public var seed: UInt64

    /// Rounds on one file system.
    private static let roundsPerDisk: UInt64 = 100

    public init(rounds: Int, limit: Duration, seed: UInt64) {
        self.rounds = rounds
        self.limit = limit
        self.seed = seed
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// Rounds by who else was there.
        var rounds: [DifferentialRound.Company: Int] = [:]
        /// Operations on the files, by kind.
        var operations: [Operation: Int] = [:]
        /// Runs by how they ended.
        public private(set) var ends: [String: Int] = [:]
        /// Runs that went on where one before had been stopped.
        public private(set) var resumed = 0
        /// Bytes rewritten.
        public private(set) var rewritten: Int64 = 0
        /// Of these, bytes that were shared before.
        public private(set) var unshared: Int64 = 0
        /// Extents saved.
        public private(set) var saved = 0
        /// Rounds after which there were more extents than before, as free space was in pieces or chunks were small.
        public internal(set) var worsened = 0
        /// How many more at the most.
        public internal(set) var worse = 0
        /// Bytes compared with the model.
        public internal(set) var compared = 0
        /// Bytes of preallocation in what was punched during a run.
        public internal(set) var preallocationLeft: Int64 = 0
        /// Backups that have inherited a hint that was a run's.
        public internal(set) var otherHints = 0
        /// File systems made, and found sound by xfs_repair -n.
        public internal(set) var disks = 0

        /// All rounds.
        public var total: Int { rounds.values.reduce(0, +) }
        /// Rounds by who else was there.
        public var company: [(name: String, count: Int)] {
            DifferentialRound.Company.allCases.map { ($0.rawValue, rounds[$0] ?? 0) }
        }
        /// Operations on the files by kind.
        public var operationsByKind: [(name: String, count: Int)] {
            Operation.allCases.map { ($0.rawValue, operations[$0] ?? 0) }
        }

        /// Adds the runs of a round.
        mutating func add(_ results: [DefragResult]) {
            var cursor: ByteCount?
            for result in results {
                let reason = result.reason.map { " (\($0))" } ?? ""
                ends["\(result.status)\(reason)", default: 0] += 1
                if let cursor, cursor > .zero { resumed += 1 }
                cursor = result.nextOffset
                rewritten += result.bytes.rewritten.rawValue
                unshared += result.bytes.unshared.rawValue
                saved += result.extents.before - result.extents.after
            }
        }
    }

    /// Runs it; `progress` is called for each round.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken.
    public func run(_ progress: (Figures) -> Void = { _ in }) throws -> Figures {
        let start = ContinuousClock.now
        var figures = Figures()
        var current: (number: UInt64, disk: RandomDisk)?
        for round in 0..<UInt64(rounds) where round == 0 || ContinuousClock.now - start < limit {
            let seed = seed &+ round
            do {
                let number = seed / Self.roundsPerDisk
                if current?.number != number {
                    if let last = current?.disk { try last.close() }
                    current = (number, try RandomDisk(seed: number))
                    figures.disks += 1
                }
                guard let disk = current?.disk else { break }
                try DifferentialRound(seed: seed, disk: disk).play(into: &figures)
            } catch {
                throw Violation("round \(round) (--rounds 1 --seed \(seed)): \(error)")
            }
            progress(figures)
        }
        try current?.disk.close()
        return figures
    }
}
