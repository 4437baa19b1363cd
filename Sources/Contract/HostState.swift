public import DefragTypes

/// What a host is and does: its heartbeat.
public struct HostState: Codable, Hashable, Sendable {
    /// Version of the worker.
    @Bounded<VersionText> public var version: String
    /// Release of the kernel, as `uname -r` says.
    @Bounded<VersionText> public var kernel: String
    /// Generation of the ``DesiredState`` that the host has.
    @Bounded<Generation> public var generation: Int64
    /// Whether it works or is paused.
    public var mode: DesiredState.Mode
    /// Its mounted XFS file systems.
    @Bounded<Items<256, FileSystem>> public var fileSystems: [FileSystem]
    /// The slices that run now.
    @Bounded<Items<128, SliceProgress>> public var running: [SliceProgress]
    /// Ids of the surveys that run now.
    @Bounded<Texts<128, IDText>> public var surveys: [String]
    /// Seconds since the worker started.
    @Bounded<Seconds> public var uptime: Double
    /// Labels from the host's configuration, such as its rack; `nil` from workers before contract 1.1.
    @Bounded<Entries<64, LabelText, LabelText>?> public var labels: [String: String]?
    /// Random, one a process: two of them alive under one name are two workers. `nil` before contract 1.2.
    @Bounded<IDText?> public var instance: String?
    /// Ids of the tasks that were taken from the queue and not ended, those that wait for their turn included; `nil`
    /// before contract 1.2.
    @Bounded<Texts<256, IDText>?> public var accepted: [String]?
    /// Why the host cannot consume its queues, in words; `nil` if it can, and before contract 1.2.
    @Bounded<Sentence?> public var deaf: String?
    /// The last hold or release that it has heard of; `nil` if none, and before contract 1.2.
    public var hold: Hold?
    /// When the certificate that it logs in to the broker with ends; `nil` without one, and before contract 1.2.
    public var certificateExpires: Timestamp?

    /// A mounted XFS.
    public struct FileSystem: Codable, Hashable, Sendable {
        /// UUID, as text.
        @Bounded<UUIDText> public var uuid: String
        /// Where it is mounted.
        @Bounded<ShownPath> public var mountPoint: String
        /// Its size.
        @Bounded<Size> public var size: ByteCount
        /// What unprivileged users may still use.
        @Bounded<Size> public var free: ByteCount

        /// A mounted XFS.
        public init(uuid: String, mountPoint: String, size: ByteCount, free: ByteCount) {
            self.uuid = uuid
            self.mountPoint = mountPoint
            self.size = size
            self.free = free
        }
    }

    /// The state of a host.
    public init(
        version: String, kernel: String, generation: Int64, mode: DesiredState.Mode,
        fileSystems: [FileSystem],
        running: [SliceProgress], surveys: [String] = [], uptime: Double,
        labels: [String: String]? = nil, instance: String? = nil, accepted: [String]? = nil,
        deaf: String? = nil, hold: Hold? = nil, certificateExpires: Timestamp? = nil
    ) {
        self.version = version
        self.kernel = kernel
        self.generation = generation
        self.mode = mode
        self.fileSystems = fileSystems
        self.running = running
        self.surveys = surveys
        self.uptime = uptime
        self.labels = labels
        self.instance = instance
        self.accepted = accepted
        self.deaf = deaf
        self.hold = hold
        self.certificateExpires = certificateExpires
    }

    /// Whether the worker knows what a ``Hold`` is: contract 1.2.
    public var knowsHolds: Bool { instance != nil }
}

/// How far the running slices of a host are; at most one such event a second.
public struct HostProgress: Codable, Hashable, Sendable {
    /// The running slices.
    @Bounded<Items<128, SliceProgress>> public var running: [SliceProgress]

    /// The progress of `running` slices.
    public init(running: [SliceProgress]) {
        self.running = running
    }
}

/// How far one slice is.
public struct SliceProgress: Codable, Hashable, Sendable {
    /// Id of the task's message.
    @Bounded<IDText> public var task: String
    /// The task's job.
    @Bounded<IDText> public var job: String
    /// The file.
    @Bounded<ShownPath> public var path: String
    /// How far in the file.
    @Bounded<Size> public var offset: ByteCount
    /// The file's size.
    @Bounded<Size> public var size: ByteCount
    /// Bytes rewritten by this slice so far.
    @Bounded<Written> public var rewritten: ByteCount
    /// Longest time so far for which this slice locked the file, in milliseconds.
    @Bounded<Milliseconds> public var maxPauseMs: Double
    /// Seconds since the slice started.
    @Bounded<Seconds> public var seconds: Double

    /// The progress of the slice `task`.
    public init(
        task: String, job: String, path: String, offset: ByteCount, size: ByteCount, rewritten: ByteCount,
        maxPauseMs: Double, seconds: Double
    ) {
        self.task = task
        self.job = job
        self.path = path
        self.offset = offset
        self.size = size
        self.rewritten = rewritten
        self.maxPauseMs = maxPauseMs
        self.seconds = seconds
    }
}
