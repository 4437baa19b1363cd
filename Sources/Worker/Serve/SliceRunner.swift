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

    /// How a slice ended, and what the next one of the file is to be given.
    typealias Answer = (result: DefragResult, state: SliceState?)

    /// Runs `slice`, known to the fleet as the task `id`, and says how it ended; a refusal is an answer, too. What is known about
    /// the device is `pauses`.
    func run(_ id: String, _ slice: SliceTask, _ pauses: inout PauseController?) -> Answer {
        if let obstacle = standing.obstacle { return (untouched(slice, obstacle), slice.state) }
        guard slice.secondsLeft > 0 else {
            log.info(
                "slice is too late: its window is over", metadata: ["task": "\(id)", "path": "\(slice.path)"])
            return (untouched(slice, .windowClosed), slice.state)
        }
        log.info(
            "slice begins",
            metadata: ["task": "\(id)", "path": "\(slice.path)", "from": "\(slice.from.rawValue)"])
        defer { standing.ended(id) }
        var state = slice.state
        let result = run(id, slice, &state, &pauses)
        return (result, state)
    }

    private func run(
        _ id: String, _ slice: SliceTask, _ state: inout SliceState?, _ pauses: inout PauseController?
    ) -> DefragResult {
        do {
            let (root, relative) = try roots.place(slice.path)
            let file = try openForDefrag(beneath: root, relative: relative)
            if let replaced = try replacement(of: slice, by: file) { return replaced }
            return run(id, slice, file, &state, &pauses)
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
        _ id: String, _ slice: SliceTask, _ file: borrowing XFS.File, _ state: inout SliceState?,
        _ pauses: inout PauseController?
    ) -> DefragResult {
        var longest = Duration.zero
        var defragmenter = Defragmenter(
            policy: policy(of: slice, under: standing.desired.policy), pauses: pauses, state: state,
            job: slice.job)
        let result = defragmenter.run(
            file, path: slice.path, from: slice.from,
            timeLimit: .seconds(min(slice.timeBudget, slice.secondsLeft)),
            dryRun: false
        ) { progress in
            longest = max(longest, progress.pause)
            let (obstacle, desired) = standing.update(
                SliceProgress(
                    task: id, job: slice.job, path: slice.path, offset: progress.offset, size: progress.size,
                    rewritten: progress.rewritten, maxPauseMs: longest.inMilliseconds,
                    seconds: progress.elapsed.inSeconds))
            if let obstacle { return .stop(obstacle) }
            return .proceed(policy(of: slice, under: desired))
        }
        (pauses, state) = (defragmenter.pauses, defragmenter.state)
        return result
    }

    /// The policy of `slice` where the host's desired state says `desired`. The budget is the file's: what the host is told of one
    /// counts for a file's first slice, and later ones have what is left of it.
    private func policy(of slice: SliceTask, under desired: PolicyOverrides) -> Policy {
        var policy = slice.policy.merged(with: desired)
        policy.unshareBudget =
            slice.policy.unshareBudget ?? (slice.state == nil ? desired.unshareBudget : nil)
        return Policy(policy)
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

extension SliceTask {
    /// Seconds until its window is over, by this machine's clock.
    fileprivate var secondsLeft: Double {
        notAfter.map { $0.unixSeconds - Timestamp.now.unixSeconds } ?? .infinity
    }
}
