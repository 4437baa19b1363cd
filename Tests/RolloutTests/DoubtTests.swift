import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Tasks that wait, and tasks whose answers are lost")
struct DoubtTests {
    /// A rollout over one host, `a`, with one file, whose slice is in flight.
    private var bench = Bench(files: [1], strategy: .init(slice: 1))

    private var task: String { bench.rollout.sliceTask(0) }
    private var sent: [String] { bench.actions.slices.map(\.task) }

    private func progress(_ task: String) -> SliceProgress {
        SliceProgress(
            task: task, job: "r", path: "/", offset: .zero, size: .zero, rewritten: .zero, maxPauseMs: 0,
            seconds: 1)
    }

    /// Seconds until a second slice is sent or the first one's attempt fails, with such a state every 10 s.
    private mutating func secondsUntilResent(limit: Int, state: (Int) -> HostState?) -> Int? {
        for second in 1...limit {
            bench.wait(1)
            if second.isMultiple(of: 10), let state = state(second) { bench.hear("a", .hostState(state)) }
            if sent.count > 1 || bench.rollout.targets[0].fruitless > 0 { return second }
        }
        return nil
    }

    @Test("a slice that waits behind another job is never sent twice, nor failed for waiting")
    mutating func accepted() {
        let first = task
        let resent = secondsUntilResent(limit: 7200) { _ in hostState(accepted: ["other", first]) }
        #expect(resent == nil)
        bench.finish(0)
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test("nor a survey")
    mutating func acceptedSurvey() {
        bench = Bench(files: [0], answering: 0)
        let survey = bench.rollout.surveyTask(of: 0)
        for _ in 0..<720 {
            bench.wait(10)
            bench.hear("a", .hostState(hostState(accepted: [survey])))
        }
        #expect(bench.rollout.surveyTask(of: 0) == survey)
        #expect(bench.rollout.hosts[0].state.phase == .surveying)
    }

    @Test("without a doubt, what a host does not mention has its timeout", arguments: [nil, [String]()])
    mutating func noDoubt(accepted: [String]?) {
        let resent = secondsUntilResent(limit: 1000) { _ in hostState(accepted: accepted) }
        #expect(resent == 122)
        #expect(bench.rollout.targets[0].fruitless == 1)
    }

    /// What makes an answer doubtful.
    enum Loss: CaseIterable {
        case queue, backup

        func happen(_ bench: inout Bench) throws {
            switch self {
            case .queue: bench.take(.answersLost)
            case .backup: try bench.restart()
            }
        }
    }

    @Test(
        "after a loss, what a host does not have is sent again within half a minute, without a failed attempt",
        arguments: Loss.allCases)
    mutating func lost(loss: Loss) throws {
        bench.wait(60)
        let first = task
        try loss.happen(&bench)
        let resent = secondsUntilResent(limit: 1000) { _ in hostState(accepted: ["other"]) }
        #expect(resent == 20)
        #expect(bench.rollout.targets[0].fruitless == 0)
        #expect(
            bench.actions.announcements.allSatisfy { if case .attemptFailed = $0 { false } else { true } })
        #expect(Set(sent).count == 2)
        // The old answer is late now; the new one counts.
        let late = SliceFinished(task: first, job: "r", result: DefragResult(path: "/", status: .failed))
        let ignored = bench.hear("a", .sliceFinished(late))
        #expect(ignored.isEmpty)
        bench.finish(0)
        #expect(bench.rollout.targets[0].state == .done)
    }

    @Test(
        "once per loss: what stays in a queue that is not consumed has its timeout then",
        arguments: Loss.allCases)
    mutating func bounded(loss: Loss) throws {
        bench.wait(60)
        try loss.happen(&bench)
        for second in 1...1200 {
            bench.wait(1)
            if second.isMultiple(of: 10) { bench.hear("a", .hostState(hostState(accepted: []))) }
        }
        // Sent again at 20 s; then two attempts of 122 s, and the wait between them.
        #expect(sent.count == 3)
        #expect(bench.rollout.state.pause == .unanswered)
    }

    @Test("what it still has, or may not have got yet, is awaited", arguments: Loss.allCases)
    mutating func stillThere(loss: Loss) throws {
        bench.wait(60)
        let first = task
        try loss.happen(&bench)
        // Running, then waiting, then gone: its answer may be on its way for so long.
        let running = [progress(first)]
        let gone = secondsUntilResent(limit: 1000) { second in
            second <= 50
                ? hostState(running: running, accepted: [first])
                : hostState(accepted: second <= 100 ? [first] : [])
        }
        #expect(gone == 130)
    }

    @Test("a slice that has just been sent is not resent")
    mutating func justSent() {
        bench.take(.answersLost)
        let resent = secondsUntilResent(limit: 1000) { _ in hostState(accepted: []) }
        #expect(resent == 30)
    }

    @Test("the states of an older worker have to be silent for longer", arguments: Loss.allCases)
    mutating func older(loss: Loss) throws {
        bench.wait(60)
        try loss.happen(&bench)
        let resent = secondsUntilResent(limit: 1000) { _ in hostState() }
        #expect(resent == 40)
    }

    @Test("no state, or one of a host that is deaf, says nothing", arguments: Loss.allCases, [false, true])
    mutating func silent(loss: Loss, isDeaf: Bool) throws {
        bench.wait(60)
        try loss.happen(&bench)
        let resent = secondsUntilResent(limit: 61) { _ in
            isDeaf ? hostState(accepted: [], deaf: "403") : nil
        }
        #expect(resent == nil)
    }

    @Test("surveys are requested again, without the pages that came before", arguments: Loss.allCases)
    mutating func survey(loss: Loss) throws {
        bench = Bench(files: [0], answering: 0)
        let survey = bench.rollout.surveyTask(of: 0)
        bench.hear("a", .surveyPage(SurveyPage(task: survey, job: "r", page: 0, files: [])))
        bench.wait(60)
        try loss.happen(&bench)
        for _ in 0..<2 {
            #expect(bench.rollout.surveyTask(of: 0) == survey)
            bench.wait(10)
            bench.hear("a", .hostState(hostState(accepted: [])))
        }
        #expect(bench.rollout.surveyTask(of: 0) != survey)
        #expect(bench.storedPages == 0)
        bench.wait(10)
        bench.hear("a", .hostState(hostState(accepted: [])))
        bench.hear("a", .hostState(hostState(accepted: [])))
        #expect(bench.actions.count { if case .survey = $0 { true } else { false } } == 2)
    }

    @Test("a paused or cancelled rollout sends nothing again", arguments: [Rollout.Command.pause, .cancel])
    mutating func suspended(command: Rollout.Command) throws {
        try bench.carryOut(command)
        bench.wait(60)
        bench.take(.answersLost)
        for _ in 0..<6 {
            bench.hear("a", .hostState(hostState(.pause, accepted: [])))
            bench.wait(10)
        }
        #expect(bench.inFlight == [])
        #expect(sent.count == 1)
        #expect(bench.rollout.targets[0].state == .pending)
    }

    @Test("after a backup no id is used again that a host may know")
    mutating func backup() throws {
        let backup = bench
        for cursor in 1...5 { bench.finish(0, .partial, .timeLimit, next: ByteCount(Int64(cursor))) }
        let used = Set(sent)
        #expect(used.count == 6)
        let now = bench.now + 60
        bench = backup
        bench.now = now
        try bench.restart()
        // An answer to the slice that the backup knows counts, whoever sent it.
        bench.finish(0, .partial, .timeLimit, next: 1)
        for cursor in 2...6 { bench.finish(0, .partial, .timeLimit, next: ByteCount(Int64(cursor))) }
        #expect(used.isDisjoint(with: sent.dropFirst()))
        // Nor after another one.
        let more = used.union(sent)
        bench = backup
        bench.now = now + 60
        try bench.restart()
        bench.finish(0, .partial, .timeLimit, next: 1)
        bench.finish(0, .partial, .timeLimit, next: 2)
        #expect(more.isDisjoint(with: sent.dropFirst()))
    }
}
