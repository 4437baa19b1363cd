import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("A rollout's surveys") struct SurveyTests {
    /// A rollout over one host, `a`, that was asked and has not answered.
    private var bench = Bench(files: [0], answering: 0)

    private var task: String { bench.rollout.surveyTask(of: 0) }

    private func page(_ number: Int) -> HostEvent {
        let file = FileSurvey(
            path: "/\(number)", inode: 1, fileSystem: "fs\(number)", size: .mebibytes(1),
            statistics: ExtentStatistics(), estimatedReflinkSeconds: 1, gainSeconds: Double(number))
        return .surveyPage(SurveyPage(task: task, job: "r", page: number, files: [file]))
    }

    private func end(pages: Int) -> HostEvent {
        .surveyFinished(
            SurveyFinished(task: task, job: "r", pages: pages, files: pages, matched: pages, problems: []))
    }

    @Test("pages may come twice and in any order")
    mutating func pages() {
        for event in [page(2), end(pages: 3), page(0), page(2)] { bench.hear("a", event) }
        #expect(bench.rollout.targets.isEmpty)
        bench.hear("a", page(1))
        #expect(bench.rollout.targets.map(\.gain) == [2, 1, 0])
        bench.hear("a", end(pages: 3))
        #expect(bench.rollout.targets.count == 3)
    }

    @Test("one that was begun again may have fewer pages than the first try left")
    mutating func surplusPages() {
        for event in [page(0), page(1), page(2), page(0), end(pages: 1)] { bench.hear("a", event) }
        #expect(bench.rollout.targets.count == 1)
    }

    @Test("a file that cannot be defragmented is announced as ended; a plan ends nothing")
    func obstacles() {
        let told = Rollout.Announcement.targetEnded(0)
        #expect(Bench(files: [2], obstacles: 1).actions.announcements.count { $0 == told } == 1)
        #expect(!Bench(files: [2], isPlanOnly: true, obstacles: 1).actions.announcements.contains(told))
    }

    @Test("is awaited while the host says that it runs; otherwise it is requested three times")
    mutating func timeout() {
        let first = task
        for _ in 0..<3 {
            bench.wait(599)
            bench.hear(
                "a",
                .hostState(
                    HostState(
                        version: "", kernel: "", generation: 0, mode: .run, fileSystems: [], running: [],
                        surveys: [first], uptime: 1)))
        }
        #expect(task == first)
        bench.wait(600)
        #expect(task != first)
        bench.wait(600)
        bench.wait(599)
        #expect(bench.rollout.hosts[0].state.phase == .surveying)
        bench.wait(1)
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
        #expect(bench.rollout.hosts[0].state.givenUp?.contains("does another worker hold its queue") == true)
    }
}
