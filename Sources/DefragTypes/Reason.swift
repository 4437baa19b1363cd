/// Why a file was refused, or why a run ended: a code for programs. Codes may be added; keep unknown ones.
public struct Reason: RawRepresentable, Codable, Hashable, Sendable, CustomStringConvertible {
    /// The code, in camelCase.
    public let rawValue: String

    /// A reason with the code `rawValue`.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public init(from decoder: any Decoder) throws {
        rawValue = try ReasonText.decode(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        try ReasonText.encode(rawValue, to: encoder)
    }

    public var description: String { rawValue }
}

extension Reason: SelfDescribing {
    public static var shape: Shape? { ReasonText.shape }
}

extension Reason {
    // Refusals before anything is touched.
    /// No file there.
    public static let notFound = Reason(rawValue: "notFound")
    /// The process may not open the file for writing, or may not do what was asked.
    public static let notPermitted = Reason(rawValue: "notPermitted")
    /// A directory, device, socket or symbolic link.
    public static let notRegularFile = Reason(rawValue: "notRegularFile")
    /// The path leads through a symbolic link, maybe out of the folders that tasks may name.
    public static let symbolicLink = Reason(rawValue: "symbolicLink")
    /// The path leads out of the folders that tasks may name.
    public static let outsideRoots = Reason(rawValue: "outsideRoots")
    /// Another file (inode or file system) stands at the path than the task meant.
    public static let fileReplaced = Reason(rawValue: "fileReplaced")
    /// Not on XFS.
    public static let notXFS = Reason(rawValue: "notXFS")
    /// XFS was made without reflink.
    public static let noReflink = Reason(rawValue: "noReflink")
    /// The file's data lies on the realtime device.
    public static let realtime = Reason(rawValue: "realtime")
    /// The file is accessed directly (DAX), without the page cache.
    public static let dax = Reason(rawValue: "dax")
    /// The immutable flag is set.
    public static let immutable = Reason(rawValue: "immutable")
    /// The append-only flag is set.
    public static let appendOnly = Reason(rawValue: "appendOnly")
    /// The owner has forbidden it: the no-defrag flag is set.
    public static let noDefrag = Reason(rawValue: "noDefrag")
    /// An active swap file.
    public static let swapFile = Reason(rawValue: "swapFile")
    /// The file is mounted by itself (bind mount), and its folder is on another mount.
    public static let fileMount = Reason(rawValue: "fileMount")
    /// Larger than what a run can deal with: 4 EiB.
    public static let tooLarge = Reason(rawValue: "tooLarge")
    /// Mounted read-only.
    public static let readOnlyMount = Reason(rawValue: "readOnlyMount")
    /// The kernel has a bug with which unsharing can lose data.
    public static let unsafeKernel = Reason(rawValue: "unsafeKernel")
    /// Another run is at work on the file.
    public static let busy = Reason(rawValue: "busy")

    // Ends of a run.
    /// Nothing to gain.
    public static let alreadyContiguous = Reason(rawValue: "alreadyContiguous")
    /// Asked to stop.
    public static let interrupted = Reason(rawValue: "interrupted")
    /// The time limit, or the slice's budget, is over.
    public static let timeLimit = Reason(rawValue: "timeLimit")
    /// The maintenance window, for which it was asked, is over.
    public static let windowClosed = Reason(rawValue: "windowClosed")
    /// Paused by the operator.
    public static let paused = Reason(rawValue: "paused")
    /// Free space would fall below the floor, or is used up.
    public static let lowSpace = Reason(rawValue: "lowSpace")
    /// Breaking more sharing would cost more space than allowed.
    public static let unshareBudget = Reason(rawValue: "unshareBudget")
    /// Rewriting windows did not make them contiguous: the free space is fragmented, or guests write too fast.
    public static let noGain = Reason(rawValue: "noGain")
    /// Even the smallest chunks lock the file for longer than allowed: others keep the device busy, or it is sick.
    public static let tooSlow = Reason(rawValue: "tooSlow")
    /// A quota is used up.
    public static let quota = Reason(rawValue: "quota")
    /// Nothing was changed, as asked.
    public static let dryRun = Reason(rawValue: "dryRun")
    /// No worker answered for the slice.
    public static let noAnswer = Reason(rawValue: "noAnswer")
    /// The slice could not be delivered to the host.
    public static let undeliverable = Reason(rawValue: "undeliverable")
    /// The host refuses a file that it found itself: another worker answers under its name, or its roots or mounts have changed.
    public static let notAsSurveyed = Reason(rawValue: "notAsSurveyed")
    /// The slice was dead-lettered.
    public static let deadLettered = Reason(rawValue: "deadLettered")
    /// Slices end without progress.
    public static let noHeadway = Reason(rawValue: "noHeadway")
    /// The host was lost, and did not return.
    public static let hostLost = Reason(rawValue: "hostLost")
    /// The kernel reported an error.
    public static let ioError = Reason(rawValue: "ioError")

    // Notes.
    /// The one-block `cowextsize` hint could not be set for the run.
    public static let hintNotSet = Reason(rawValue: "hintNotSet")
    /// The file's own `cowextsize` hint could not be restored.
    public static let hintNotRestored = Reason(rawValue: "hintNotRestored")
    /// The file carries an `extsize` hint.
    public static let extentSizeHint = Reason(rawValue: "extentSizeHint")
    /// The file is preallocated, and written here and there.
    public static let preallocated = Reason(rawValue: "preallocated")
    /// The file system lies on a device that takes space as it is written to: a thin volume, a snapshot's origin, a sparse file.
    public static let thinDevice = Reason(rawValue: "thinDevice")
}
