import DefragTypes
import Support
import XFS

@testable import Defrag

/// A policy without waits and with long locks, so that a busy machine makes no small chunks; changed by `change`.
func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
    var policy = Policy()
    policy.duty = 1
    policy.maxPause = .milliseconds(200)
    policy.minFree = .bytes(.zero)
    change(&policy)
    return policy
}

/// Opens `path` and runs over it. `before` is called with each question's number, from 1, and may stop the run.
@discardableResult
func defragment(
    _ path: String, _ policy: Policy = policy(), from: ByteCount = .zero, timeLimit: Duration? = nil,
    dryRun: Bool = false, asked: (Int, DefragProgress) throws -> Reason? = { _, _ in nil }
) throws -> DefragResult {
    let file = try openForDefrag(path: path)
    var defragmenter = Defragmenter(policy: policy)
    var questions = 0
    var failure: (any Error)?
    let result = defragmenter.run(file, path: path, from: from, timeLimit: timeLimit, dryRun: dryRun) {
        progress in
        questions += 1
        do {
            return try asked(questions, progress).map { .stop($0) } ?? .proceed(policy)
        } catch {
            failure = error
            return .stop(.interrupted)
        }
    }
    if result.reason != .busy { try awaitRelease(ofName: claimName(of: file)) }
    if let failure { throw failure }
    return result
}

/// Restores the own hint of the file at `path`.
func repair(_ path: String, with repair: HintRepair = HintRepair()) throws -> HintRepair.Outcome {
    let file = try openForSurvey(path: path)
    let outcome = try repair.repair(file, path: path)
    if outcome != .busy { try awaitRelease(ofName: claimName(of: file)) }
    return outcome
}

/// Surveys `file`.
func survey(_ file: borrowing XFS.File, path: String) throws -> FileSurvey {
    guard let found = try Surveyor().look(at: file, path: path) else {
        throw Tool.Failure(description: "given up")
    }
    return found.survey
}

/// Space that a file system may take for itself meanwhile, in bytes: inodes, maps.
let ownBooks: Int64 = 256 << 10

extension DefragResult {
    /// The reasons of its notes, but that the images of the tests are sparse files.
    var otherNotes: [Reason] { (notes ?? []).map(\.reason).filter { $0 != .thinDevice } }
}
