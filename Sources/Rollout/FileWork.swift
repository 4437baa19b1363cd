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

extension DefragResult {
    /// The result of this slice and of `later`, which went on from its cursor: extents before from the first,
    /// after from the last; bytes and seconds added up; of the pauses' percentiles the worse; a note of
    /// each kind.
    func followed(by later: DefragResult) -> DefragResult {
        var both = later
        // It is contiguous by what the slices before have done.
        if later.reason == .alreadyContiguous, bytes.rewritten > .zero { both.reason = nil }
        both.extents.before = extents.before
        both.bytes.rewritten += bytes.rewritten
        both.bytes.unshared += bytes.unshared
        both.pause.count += pause.count
        both.pause.p50Ms = max(pause.p50Ms, later.pause.p50Ms)
        both.pause.p99Ms = max(pause.p99Ms, later.pause.p99Ms)
        both.pause.p999Ms = max(pause.p999Ms, later.pause.p999Ms)
        both.pause.maxMs = max(pause.maxMs, later.pause.maxMs)
        both.freeBytes.before = freeBytes.before
        both.freeBytes.lowest = min(freeBytes.lowest, later.freeBytes.lowest)
        both.seconds += seconds
        // A hint that could not be given back then has been given back since, unless the later slice says so, too.
        let earlier = (notes ?? []).filter { $0.reason != .hintNotRestored }
        let known = Set(earlier.map(\.reason))
        let all = earlier + (later.notes ?? []).filter { !known.contains($0.reason) }
        both.notes = all.isEmpty ? nil : all
        return both
    }
}
