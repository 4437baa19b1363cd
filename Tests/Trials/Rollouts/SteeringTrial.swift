import Support

/// How soon `rollout pause` and `rollout set maxPause=…` take effect on every one of several workers, as the kernel sees it.
public struct SteeringTrial: Sendable {
    /// Hosts, all working at once.
    public var hosts: Int
    /// Size of each host's one file in MiB; where one is done, all begin anew.
    public var mebibytes: Int
    /// How often each command is given.
    public var repetitions: Int
    /// Seed of the random choices.
    public var seed: UInt64

    public init(hosts: Int = 8, mebibytes: Int = 256, repetitions: Int = 10, seed: UInt64) {
        self.hosts = hosts
        self.mebibytes = mebibytes
        self.repetitions = repetitions
        self.seed = seed
    }

    /// The effect of a command on each worker each time; all but the last in milliseconds.
    public struct Latency: Sendable {
        /// The command itself, from its start to its end.
        public var command: [Double] = []
        /// From the command's start until the worker had the new state.
        public var known: [Double] = []
        /// From then until the last chunk under the old state had ended; 0 if it had by then.
        public var heldAfterKnown: [Double] = []
        /// From the command's start until the last chunk under the old state had ended; 0 if it had by then.
        public var held: [Double] = []
        /// The same from the command's end.
        public var heldAfterAnswer: [Double] = []
        /// How long the last chunk under the old state lasted.
        public var lastChunk: [Double] = []
        /// Chunks under the old state that began after the worker had the new state.
        public var begunAfter: [Int] = []
    }

    /// What a trial found.
    public struct Figures: Sendable {
        public var pause = Latency()
        public var set = Latency()
        /// Of all chunks before a pause: milliseconds and KiB.
        public var chunkMilliseconds: [Double] = []
        public var chunkKibibytes: [Double] = []
        /// Chunks right before a changed policy, and those of them that are as small as under the new state: these cannot be distinguished.
        public var chunksBeforeSet = 0
        public var smallBeforeSet = 0
    }

    /// With a `maxPause` of 1 ms no chunk is larger: the engine makes them of 256 KiB then, the least it does.
    static let small: Int64 = 384 << 10

    /// Runs it; `progress` is called for each repetition.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken.
    public func run(_ progress: (String) -> Void = { _ in }) async throws -> Figures {
        var random = Xorshift(seed: seed)
        var figures = Figures()
        while figures.set.command.count < repetitions {
            let crew = try await Crew(hosts, mebibytes: mebibytes)
            let before = figures.set.command.count
            do {
                while figures.set.command.count < repetitions {
                    try await steer(crew, &random, &figures)
                    progress("\(figures.set.command.count) of \(repetitions)")
                }
            } catch is Crew.UsedUp {
                try Inspection.promise(
                    figures.set.command.count > before, "a file was done before anything was measured")
            }
            try await crew.leave()
        }
        for latency in [figures.pause, figures.set] {
            try Inspection.promise(
                latency.begunAfter.allSatisfy { $0 <= 1 },
                "\(latency.begunAfter.max() ?? 0) chunks of the old way began after a worker had the new state"
            )
        }
        return figures
    }

    /// Gives each command once, at any moment of the engine's cycle of reading, rewriting, pausing and closing.
    private func steer(_ crew: Crew, _ random: inout Xorshift, _ figures: inout Figures) async throws {
        try await crew.wait { $0.count >= 3 }
        try await Task.sleep(for: .milliseconds(.random(in: 0..<400, using: &random)))
        figures.add(crew.chunks)
        try await crew.measure(["pause"], into: &figures.pause) { _ in true }
        try await crew.tell("resume")

        // So long that chunks can be distinguished from those of 1 ms, also where all share a busy disk.
        try await crew.tell("set", "maxPause=1s")
        try await crew.wait { $0.count >= 3 && $0.suffix(2).allSatisfy { $0.bytes > Self.small } }
        let settled = WallClock.now
        try await Task.sleep(for: .milliseconds(.random(in: 0..<400, using: &random)))
        let before = crew.chunks.filter { $0.begin >= settled }
        figures.chunksBeforeSet += before.count
        figures.smallBeforeSet += before.count { $0.bytes <= Self.small }
        try await crew.measure(["set", "maxPause=1ms"], into: &figures.set) { $0.bytes > Self.small }
        try await crew.tell("set", "maxPause=20ms")
    }
}

extension SteeringTrial.Figures {
    fileprivate mutating func add(_ chunks: [ChunkTrace.Chunk]) {
        chunkMilliseconds += chunks.compactMap { $0.seconds.map { $0 * 1000 } }
        chunkKibibytes += chunks.map { Double($0.bytes) / 1024 }
    }
}
