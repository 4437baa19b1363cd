/// What a reflink copy costs on one file system, with every writer of its source waiting.
public struct ReflinkCost: Codable, Hashable, Sendable {
    /// UUID of the file system.
    @Bounded<UUIDText> public var fileSystem: String
    /// Seconds for each extent of the source.
    @Bounded<Seconds> public var secondsPerExtent: Double
    /// Seconds that every copy costs in addition: an upper bound, the time of a copy of a single extent.
    @Bounded<Seconds> public var secondsPerCopy: Double
    /// Whether it was measured on this file system; otherwise it is typical.
    public var isMeasured: Bool
    /// Why it was not measured, in words.
    @Bounded<Remark?> public var message: String?

    /// A cost.
    public init(
        fileSystem: String, secondsPerExtent: Double, secondsPerCopy: Double, isMeasured: Bool,
        message: String? = nil
    ) {
        self.fileSystem = fileSystem
        self.secondsPerExtent = secondsPerExtent
        self.secondsPerCopy = secondsPerCopy
        self.isMeasured = isMeasured
        self.message = message
    }

    /// What it usually costs, for where it cannot be measured. `cp --reflink=always` on Linux 6.18, XFS on a loop device:
    /// 14 to 24 microseconds an extent, at 37 thousand extents as at 786 thousand, and some 15 a copy. Another machine
    /// may be some times faster or slower.
    public static func usual(fileSystem: String, because message: String? = nil) -> ReflinkCost {
        ReflinkCost(
            fileSystem: fileSystem, secondsPerExtent: 20e-6, secondsPerCopy: 15e-6, isMeasured: false,
            message: message)
    }

    /// What a copy of a file of so many extents costs, in seconds.
    public func seconds(extents: Int) -> Double { secondsPerCopy + Double(extents) * secondsPerExtent }
}
