public import DefragTypes
public import XFS

/// Rewrites fragmented parts of files, in place, while others use them.
///
/// Window by window: read the map, read ahead what is to be rewritten, then chunk by chunk clone it to a scratch file and
/// unshare it; then again what is still worth it. Each step is atomic in the file system: whenever the process or the machine
/// dies, the contents are what they were. Synchronous: a window is closed (made durable, its old blocks released) on a
/// thread of its own while the next one is read; everything else, including `decide`, happens on the caller's thread, and
/// no work is left when a run returns.
///
/// What others do to the file meanwhile is never undone and never fails a run: every map is read again just before it
/// is acted upon. While a run lasts, the file has a `cowextsize` hint of one block, and its own in the extended attribute
/// `user.reflow.cowextsize` (see ``HintRepair``). Two effects remain. A hole that is punched, or a file that is shortened,
/// during a chunk's lock may leave preallocation for at most that chunk. And mtime and ctime change, because to the kernel
/// this is a change.
///
/// Two runs on one file would undo each other's work, so the second one is refused (``Reason/busy``). They find each
/// other by a socket name (`reflow/DEVICE/INODE`), those of root also by a lock in a file of root's, and not by a lock on the file: those belong to the guests'
/// programs (QEMU locks byte ranges, crosvm the whole file). The name is the network namespace's; runs in different
/// ones are not refused, which costs time but no data.
public struct Defragmenter {
    /// The policy; replaced by what `decide` answers.
    public private(set) var policy: Policy
    /// What was learnt about the device: pass it to the next run on the same file system.
    public var pauses: PauseController
    /// What the last run hands on to the one that continues it; without it, that one walks over the whole map again.
    public private(set) var state: SliceState?
    private let job: String?

    /// A defragmenter that starts with `policy`.
    ///
    /// - Parameters:
    ///   - policy: the policy.
    ///   - pauses: what is known about the device; without it, what `state` says of that.
    ///   - state: the state of the run that is to be continued.
    ///   - job: the job of which a run is one slice. Then a run that ends at the time limit leaves the one-block hint on the
    ///     file for the next one, and one that can be resumed leaves on record in the file what it has unshared.
    ///     ``HintRepair`` gives back and removes both.
    public init(
        policy: Policy, pauses: PauseController? = nil, state: SliceState? = nil, job: String? = nil
    ) {
        self.policy = policy
        self.pauses = pauses ?? PauseController(state?.costs)
        self.state = state
        self.job = job
    }

    /// Runs over `file`, opened by ``openForDefrag(path:)``, from byte `from` (rounded down to a block) to its end.
    ///
    /// Ends as `done` at the end of the file, with the reason `alreadyContiguous` if nothing was to be gained, and
    /// `unshareBudget` if small shared extents were left alone because the budget is used up; as `partial` with a
    /// cursor when asked to stop, at the time limit, when space (`lowSpace`) or quota (`quota`) run out, or when rewriting
    /// gains nothing (`noGain`); as `skipped` when refused, and with `dryRun`; as `failed` on errors of the device, at the file's
    /// end where chunks were skipped as the device cannot read them.
    ///
    /// - Parameters:
    ///   - file: the file, open for reading and writing.
    ///   - path: the file as the result is to name it.
    ///   - from: where to start: the cursor of the run before, or zero.
    ///   - timeLimit: stop at the first chunk's end after it; at least one chunk is rewritten.
    ///   - dryRun: change nothing; the result's prediction says what a run would do.
    ///   - decide: asked before each chunk and at least every 100 ms of a wait or a walk over the map.
    /// - Returns: how it ended; nothing is thrown. Its extents are counted where the run begins without state, and at the end
    ///   of the file; otherwise they are what was counted before, less what the windows have saved. A run that was stopped
    ///   before it has counted says nothing of the file: its inode number is zero.
    public mutating func run(
        _ file: borrowing XFS.File, path: String, from: ByteCount = .zero, timeLimit: Duration? = nil,
        dryRun: Bool = false, decide: (DefragProgress) -> Directive
    ) -> DefragResult {
        let queue = (try? file.status()).flatMap { BlockQueue(of: $0.deviceName) }
        let pace = Pace(
            policy: policy, pauses: pauses, depth: QueueDepth(requests: queue?.requests), timeLimit: timeLimit
        )
        // The run is over when its result is there.
        return withoutActuallyEscaping(decide) { decide in
            do throws(SystemError) {
                var run = try Run(
                    over: file, from: from.rawValue, pace: pace, isDryRun: dryRun, job: job, decide: decide)
                let result = run.result(path: path, known: state)
                (policy, pauses, state) = (run.pace.policy, run.pace.pauses, run.handedOn ?? state)
                return result
            } catch {
                let account = Account(from: from.rawValue, isDryRun: dryRun)
                var result = account.ending(Halt(error), path: path)
                account.fill(&result)
                return result
            }
        }
    }
}
