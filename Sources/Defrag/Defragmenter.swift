public import DefragTypes
public import XFS

/// Lays fragmented parts of files afresh, in place, while others use them.
///
/// Window by window: read the map, read ahead what is to be laid, then chunk by chunk clone it to a scratch file and
/// unshare it; then what is still worth it again. Each step is atomic in the file system: whenever the process or the machine
/// dies, the contents are what they were. Synchronous: a window is closed (made durable, its old blocks given back) on a
/// thread of its own while the next one is read; everything else, `decide` included, happens on the caller's thread, and
/// nothing is under way any more when a run returns.
///
/// What others do to the file meanwhile is never undone and never fails a run: every map is read again just before it
/// is acted upon. While a run lasts, the file has a `cowextsize` hint of one block, and its own in the extended attribute
/// `user.reflow.cowextsize` (see ``HintRepair``). Two effects remain. A hole punched, or a file shortened, in the very moment of a chunk's lock may
/// leave preallocation for at most that chunk. And mtime and ctime move, because to the kernel this is a change.
///
/// Two runs on one file would undo each other's work, so the second one is refused (``Reason/busy``). They find each
/// other by a socket name (`reflow/UUID/INODE`) and not by a lock on the file: those belong to the guests'
/// programs (QEMU locks byte ranges, crosvm the whole file). The name is the network namespace's; runs in different
/// ones are not refused, which costs time but no data.
public struct Defragmenter {
    /// How to go about it; replaced by what `decide` answers.
    public private(set) var policy: Policy
    /// What was learnt about the device: hand it to the next run on the same file system.
    public var pauses: PauseController

    /// A defragmenter that starts with `policy` and with what is known about the device.
    public init(policy: Policy, pauses: PauseController = PauseController()) {
        self.policy = policy
        self.pauses = pauses
    }

    /// Treats `file`, opened by ``openForDefrag(path:)``, from byte `from` (rounded down to a block) to its end.
    ///
    /// Ends as `done` at the end of the file, with the reason `alreadyContiguous` if nothing was to be gained, and
    /// `unshareBudget` if small shared extents were left alone because the budget is used up; as `partial` with a
    /// cursor when asked to stop, at the time limit, when space (`lowSpace`) or quota (`quota`) run out, or when laying
    /// gains nothing (`noGain`); as `skipped` when refused, and with `dryRun`; as `failed` on errors of the device.
    ///
    /// - Parameters:
    ///   - file: the file, open for reading and writing.
    ///   - path: the file as the result is to name it.
    ///   - from: where to start: the cursor of the run before, or zero.
    ///   - timeLimit: stop at the first chunk's end after it; one chunk is laid whatever it says. Counting the
    ///     extents before and after is not limited.
    ///   - dryRun: change nothing; the result's prediction says what would come of a run.
    ///   - decide: asked before each chunk and at least every 100 ms of a rest or a long search.
    /// - Returns: how it ended; nothing is thrown.
    public mutating func run(
        _ file: borrowing XFS.File, path: String, from: ByteCount = .zero, timeLimit: Duration? = nil,
        dryRun: Bool = false, decide: (DefragProgress) -> Directive
    ) -> DefragResult {
        var run = Run(
            policy: policy, pauses: pauses, from: from.rawValue, timeLimit: timeLimit, isDryRun: dryRun)
        let result = run.result(of: file, path: path, decide: decide)
        policy = run.policy
        pauses = run.pauses
        return result
    }
}
