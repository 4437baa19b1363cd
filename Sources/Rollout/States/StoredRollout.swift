public import Contract
public import DefragTypes

extension Rollout {
    /// A host as the store has it.
    public struct StoredHost: Sendable {
        public var name: HostName
        public var state: RolloutHost.State
        /// The pages of its survey that were kept.
        public var pages: [SurveyPage]

        /// A host as the store has it.
        public init(name: HostName, state: RolloutHost.State, pages: [SurveyPage] = []) {
            self.name = name
            self.state = state
            self.pages = pages
        }
    }

    /// A target as the store has it.
    public struct StoredTarget: Sendable {
        public var host: HostName
        /// UUID of its file system.
        public var fileSystem: String
        /// Its size when it was surveyed.
        public var size: ByteCount
        /// Seconds by which a reflink copy would become quicker.
        public var gain: Double
        public var state: Target.State
        /// Where the next slice starts.
        public var cursor: ByteCount
        /// Extra space that its slices have cost.
        public var unshared: ByteCount
        /// What is left of its unshare budget, if a worker has said so.
        public var budgetLeft: ByteCount?
        /// Slices that were sent.
        public var slices: Int
        /// Attempts in a row without headway.
        public var fruitless: Int

        /// A target as the store has it.
        public init(
            host: HostName, fileSystem: String, size: ByteCount, gain: Double, state: Target.State,
            cursor: ByteCount, unshared: ByteCount, budgetLeft: ByteCount? = nil, slices: Int, fruitless: Int
        ) {
            self.host = host
            self.fileSystem = fileSystem
            self.size = size
            self.gain = gain
            self.state = state
            self.cursor = cursor
            self.unshared = unshared
            self.budgetLeft = budgetLeft
            self.slices = slices
            self.fruitless = fruitless
        }
    }
}
