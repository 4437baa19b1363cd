import Contract
import Defrag
import DefragTypes
import Logging
import XFS

/// Carries out one slice, on the caller's thread.
struct SliceRunner: Sendable {
    let roots: Roots
    let standing: Standing
    let log: Logger

    /// Runs `slice`, known to the fleet as the task `id`, and says how it ended; a refusal is an answer, too.
    func run(_ id: String, _ slice: SliceTask, memory: inout Lane.Memory) -> DefragResult {
        if let obstacle = standing.obstacle { return untouched(slice, obstacle) }
        log.info(
            "slice begins",
            metadata: ["task": "\(id)", "path": "\(slice.path)", "from": "\(slice.from.rawValue)"])
        defer { standing.ended(id) }
        do {
            let (root, relative) = try roots.place(slice.path)
            let file = try openForDefrag(beneath: root, relative: relative)
            if let replaced = try replacement(of: slice, by: file) { return replaced }
            return run(id, slice, file, &memory)
        } catch let refused as Roots.Refused {
            return DefragResult(
                path: slice.path, status: .skipped, reason: .outsideRoots, message: refused.message)
        } catch let refusal as Refusal {
            return refusal.result(path: slice.path)
        } catch {
            return DefragResult(
                path: slice.path, status: .failed, reason: .ioError, message: "\(slice.path): \(error)")
        }
    }

    private func run(
        _ id: String, _ slice: SliceTask, _ file: borrowing XFS.File, _ memory: inout Lane.Memory
    ) -> DefragResult {
        let overrides = slice.policy
        var longest = Duration.zero
        var defragmenter = Defragmenter(
            policy: Policy(overrides.merged(with: standing.desired.policy)), pauses: memory.pauses,
            state: memory.state)
        let result = defragmenter.run(
            file, path: slice.path, from: slice.from, timeLimit: .seconds(slice.timeBudget), dryRun: false
        ) { progress in
            longest = max(longest, progress.pause)
            let (obstacle, desired) = standing.update(
                SliceProgress(
                    task: id, job: slice.job, path: slice.path, offset: progress.offset, size: progress.size,
                    rewritten: progress.rewritten, maxPauseMs: longest.inMilliseconds,
                    seconds: progress.elapsed.inSeconds))
            if let obstacle { return .stop(obstacle) }
            return .proceed(Policy(overrides.merged(with: desired)))
        }
        memory = .init(pauses: defragmenter.pauses, state: defragmenter.state)
        return result
    }

    /// A slice that was not begun; goes on from where it was to start.
    private func untouched(_ slice: SliceTask, _ reason: Reason) -> DefragResult {
        var result = DefragResult(path: slice.path, status: .partial, reason: reason)
        result.nextOffset = slice.from
        return result
    }

    /// A refusal, if another file stands at the path than the one that was surveyed.
    private func replacement(of slice: SliceTask, by file: borrowing XFS.File) throws -> DefragResult? {
        let inode = try file.status().inode
        let uuid = try file.geometry().uuid
        let isSame = (slice.inode ?? inode) == inode && (slice.fileSystem ?? uuid) == uuid
        guard !isSame else { return nil }
        return DefragResult(
            path: slice.path, status: .skipped, reason: .fileReplaced,
            message:
                "\(slice.path): another file stands here now than the one that was surveyed: survey again")
    }
}
