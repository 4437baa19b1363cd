import Dispatch
import Synchronization
import XFS

/// The scratch file of a run, and what ends a window: making durable what was rewritten, releasing the old blocks,
/// dropping the pages that were read for it.
///
/// That takes as long as reading the next window, and neither of the two takes the file's I/O lock for long. So it happens
/// on a thread of its own while the next window is read, and is waited for before that one is rewritten: it makes no lock
/// longer, and no more than one window's blocks are held at a time.
final class WindowCloser: Sendable {
    private let files: Mutex<Files>
    private let queue = DispatchQueue(label: "reflow.window")
    private let work = DispatchGroup()

    private let synchronize: Synchronize

    /// Makes durable what was rewritten.
    typealias Synchronize = @Sendable (borrowing Scratch) throws(SystemError) -> Void

    private struct Files: ~Copyable {
        let file: XFS.File
        var scratch: Scratch
        var failure: SystemError?

        /// Makes durable what was rewritten. Where that fails, the old blocks may be all that there is: they stay as they are as
        /// long as this process lives, also if another attempt should succeed, as an error is told once.
        mutating func makeDurable(_ synchronize: Synchronize) {
            guard failure == nil else { return }
            do throws(SystemError) {
                try synchronize(scratch)
            } catch {
                failure = error
                // Nothing is released on a file system that has shut down, which is to be unmounted and mounted anew.
                if !file.hasShutDown { try? scratch.keepForProcess() }
            }
        }

        /// Makes durable what was rewritten, and then releases the old blocks.
        mutating func end(_ synchronize: Synchronize) {
            makeDurable(synchronize)
            guard failure == nil else { return }
            do throws(SystemError) { try scratch.release() } catch { failure = error }
        }
    }

    /// A closer of windows of `file`, with an empty scratch file.
    init(
        of file: borrowing XFS.File, blockSize: Int64,
        synchronize: @escaping Synchronize = { scratch throws(SystemError) in
            try scratch.synchronize()
        }
    ) throws(SystemError) {
        self.synchronize = synchronize
        files = Mutex(
            Files(
                file: try file.duplicate(), scratch: try Scratch(beside: file, blockSize: blockSize),
                failure: nil))
    }

    /// Keeps the blocks of `range`; see ``Scratch/keep(_:of:)``. No window is being closed.
    func keep(_ range: Range<Int64>, of file: borrowing XFS.File) throws(SystemError) {
        let result = files.withLock { files -> Result<Void, SystemError> in
            do throws(SystemError) { return .success(try files.scratch.keep(range, of: file)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Makes durable what was rewritten so far. No window is being closed.
    func makeDurable() throws(SystemError) {
        files.withLock { $0.makeDurable(synchronize) }
        try wait()
    }

    /// Begins to end the window, if anything was rewritten in it, and then drops `pages` from the page cache.
    func close(dropping pages: [Range<Int64>]) {
        guard !pages.isEmpty || files.withLock({ !$0.scratch.isEmpty }) else { return }
        queue.async(group: work) { [self] in
            files.withLock { files in
                files.end(synchronize)
                // A page that stays is no failure.
                for range in pages { try? files.file.dropPages(of: range) }
            }
        }
    }

    /// Waits for the end of the window that is being closed, if any.
    ///
    /// - Throws: what of it failed, also earlier: `EIO`, or `ENOSPC` and `EDQUOT` of what guests have written.
    func wait() throws(SystemError) {
        work.wait()
        if let failure = files.withLock({ $0.failure }) { throw failure }
    }
}
