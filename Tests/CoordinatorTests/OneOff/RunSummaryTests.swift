import Contract
import DefragTypes
import ReflowAPI
import Testing

@testable import Coordinator

@Suite("What came of a run") struct RunSummaryTests {
    private static let alpha = named("alpha")

    private static func host(
        _ files: [DefragResult], _ status: RunSummary.Status = .finished, matched: Int? = nil,
        problems: [String] = []
    ) -> RunSummary.Host {
        .init(
            host: alpha, status: status, files: files, matched: matched ?? files.count, problems: problems)
    }
    private static func file(_ status: DefragResult.Status, _ reason: Reason? = nil) -> DefragResult {
        DefragResult(path: "/a", status: status, reason: reason)
    }

    @Test(
        "its exit status",
        arguments: [
            ([host([file(.done)])], DefragTypes.ExitStatus.success),
            ([host([], matched: 3)], .success),
            ([host([])], .failed),
            ([host([]), host([file(.done)])], .success),
            ([host([file(.done), file(.failed, .ioError)])], .failed),
            ([host([file(.done)]), host([], .lost)], .failed),
            ([host([file(.done)], problems: ["/b is no file"])], .failed),
            ([host([file(.skipped, .notPermitted), file(.partial, .lowSpace)])], .notPermitted),
            ([host([file(.partial, .lowSpace)])], .stoppedEarly),
            ([host([file(.skipped, .busy)])], .stoppedEarly),
            ([host([file(.skipped, .noDefrag)])], .success),
            ([host([file(.done)], .stopped)], .stoppedEarly),
        ])
    func exitStatus(hosts: [RunSummary.Host], status: DefragTypes.ExitStatus) {
        #expect(RunSummary(job: "run", hosts: hosts).exitStatus == status)
    }

    private func outcome(
        _ state: TargetPhase, _ reason: Reason? = nil, _ result: DefragResult? = nil
    ) -> DefragResult {
        var target = TargetStatus(
            number: 0, host: Self.alpha, path: "/a", size: 4096, extents: 9, gainSeconds: 1)
        (target.state, target.reason, target.result) = (state, reason, result)
        return target.outcome(inode: 7)
    }

    @Test("a file that no slice has reached is partial, from its start")
    func untouched() {
        let outcome = self.outcome(.pending)
        #expect(outcome.status == .partial)
        #expect(outcome.reason == .interrupted)
        #expect(outcome.nextOffset == .zero)
        #expect(outcome.inode == 7)
        #expect(outcome.extents == .init(before: 9, after: 9))
    }

    @Test("a file that was given up says why, with what was achieved")
    func givenUp() {
        var half = Self.file(.partial, .timeLimit)
        half.extents = .init(before: 9, after: 5)
        let outcome = self.outcome(.failed, .noAnswer, half)
        #expect(outcome.status == .failed)
        #expect(outcome.reason == .noAnswer)
        #expect(outcome.message == "its slices were not answered, several times in a row")
        #expect(outcome.extents.after == 5)
        #expect(self.outcome(.failed, .hostLost).status == .failed)
    }

    @Test("what the worker says of a failure is kept")
    func failed() {
        var failed = Self.file(.failed, .ioError)
        failed.message = "/a: read error"
        #expect(outcome(.failed, .ioError, failed) == failed)
    }

    @Test("a file that was left half done says how far it is")
    func stopped() {
        #expect(outcome(.skipped, .lowSpace, Self.file(.partial, .lowSpace)).status == .partial)
    }
}
