import Contract
import Defrag
import DefragTypes
import Logging
import Synchronization
import XFS

/// The files on which a job has left something for its next slice: the one-block hint, and the record of what it has unshared.
///
/// They get their own hint back once no next slice has come for a minute, at once where none is to be expected, and when the
/// worker leaves. The record stays until the answer is with the broker: until then, the slice may be delivered again.
final class HeldFiles: Sendable {
    private struct Held {
        /// Of the last slice.
        var task: String
        var inode: UInt64
        var lane: Lane
        var isAnswered = false
        /// When the file gets its own hint back; `nil` while a slice runs or is not answered.
        var end: ContinuousClock.Instant?

        var isDue: Bool { end.map { $0 <= .now } ?? false }
    }

    private let files = Mutex<[PathKey: Held]>([:])
    private let roots: Roots
    private let patience: Duration
    private let log: Logger
    /// Yields when it may be time for one.
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// Files beneath `roots`, held for `patience`.
    init(roots: Roots, patience: Duration = .seconds(60), log: Logger) {
        self.roots = roots
        self.patience = patience
        self.log = log
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The slice `task` of the file at `path` begins.
    func began(_ task: String, _ path: String) {
        files.withLock { $0[PathKey(path)]?.end = nil }
    }

    /// The slice `task` has ended on `lane` with `result`, which is not yet answered.
    func ended(_ task: String, _ path: String, _ result: DefragResult, on lane: Lane) {
        files.withLock { files in
            if result.inode != 0 {
                files[PathKey(path)] = Held(task: task, inode: result.inode, lane: lane)
            } else {
                files[PathKey(path)]?.task = task
            }
        }
    }

    /// The broker has the answer of `task`; `isLast` if no other slice is to be expected soon.
    func answered(_ task: String, _ path: String, isLast: Bool) {
        files.withLock { files in
            let file = PathKey(path)
            guard files[file]?.task == task else { return }
            files[file]?.isAnswered = true
            files[file]?.end = isLast ? .now : .now + patience
        }
        changed.yield()
    }

    /// Gives hints back when it is time, until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in self.changes { await self.giveBack { $0.isDue } }
            }
            group.addTask {
                while (try? await Task.sleep(for: self.patience / 10)) != nil { self.changed.yield() }
            }
        }
    }

    /// Gives all hints back.
    func giveAllBack() async { await giveBack { _ in true } }

    private func giveBack(where isMeant: @Sendable (Held) -> Bool) async {
        for (file, held) in files.withLock({ $0.filter { isMeant($0.value) } }) {
            await giveBack(file.path, held)
            // Unless another slice has begun.
            files.withLock { files in
                if let now = files[file], now.task == held.task, now.end == held.end { files[file] = nil }
            }
        }
    }

    /// On the lane, so that no slice of ours is at work on the file meanwhile.
    private func giveBack(_ path: String, _ held: Held) async {
        let problem = await held.lane.run { [roots] _ -> String? in
            do {
                let (root, relative) = try roots.place(path)
                let file = try openForSurvey(beneath: root, relative: relative)
                // Another file stands there now.
                guard try file.status().inode == held.inode else { return nil }
                _ = try HintRepair(keepsJobRecord: !held.isAnswered).repair(file, path: path)
                return nil
            } catch {
                return "\(error)"
            }
        }
        guard let problem else { return }
        log.warning(
            "a file's own cowextsize hint could not be given back: run 'reflow-worker restore' on it",
            metadata: ["path": "\(path)", "error": "\(problem)"])
    }
}
