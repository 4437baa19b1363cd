public import DefragTypes

/// One file of a job: what the survey said, and what has been done so far.
public struct FileWork: Hashable, Sendable {
    /// What the survey said.
    public let survey: FileSurvey
    /// The slices so far, taken together; `nil` before the first has ended.
    public internal(set) var result: DefragResult?
    /// Where the next slice starts.
    public internal(set) var cursor: ByteCount = .zero
    /// Slices in a row that did not come back or did not get any further.
    var fruitless = 0
    /// Whether anything is left to do in this job.
    public internal(set) var isEnded = false

    init(_ survey: FileSurvey) {
        self.survey = survey
    }

    /// Takes a slice's result in. Returns whether another slice is wanted.
    mutating func take(_ slice: DefragResult) -> Bool {
        result = result.map { $0.followed(by: slice) } ?? slice
        guard slice.status == .partial, let next = slice.nextOffset,
            slice.reason.map(Self.goesOn) ?? true
        else {
            isEnded = true
            return false
        }
        // A slice that was stopped from outside says nothing about the file; one whose time ran out must advance.
        fruitless = next > cursor || slice.reason != .timeLimit ? 0 : fruitless + 1
        cursor = next
        return !giveUpIfFruitless("three slices in a row made no headway")
    }

    /// `policy` with what the slices before have left of its unshare budget: the worker counts within one slice only.
    func remaining(of policy: PolicyOverrides) -> PolicyOverrides {
        var policy = policy
        policy.unshareBudget = policy.unshareBudget.map { max(.zero, $0 - (result?.bytes.unshared ?? .zero)) }
        return policy
    }

    /// A slice did not come back. Returns whether another try is wanted.
    mutating func miss(_ why: String) -> Bool {
        fruitless += 1
        return !giveUpIfFruitless(why)
    }

    /// Ends the file without a further try.
    mutating func fail(_ reason: Reason, _ why: String) {
        var failed = result ?? DefragResult(path: survey.path, status: .failed)
        failed.status = .failed
        failed.reason = reason
        failed.message = why
        result = failed
        isEnded = true
    }

    private mutating func giveUpIfFruitless(_ why: String) -> Bool {
        guard fruitless >= 3 else { return false }
        fail(.noAnswer, why)
        return true
    }

    /// Reasons of a partial result after which the next slice may do more.
    private static func goesOn(_ reason: Reason) -> Bool {
        [.timeLimit, .interrupted, .paused].contains(reason)
    }
}
