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

    // MARK: - Restarts

    private var surveys: [String] {
        bench.actions.compactMap { if case .survey(_, let task) = $0 { task } else { nil } }
    }

    @Test("no restart asks again for a survey that is in flight; its timeout goes on")
    mutating func restarts() throws {
        for _ in 0..<5 {
            bench.wait(60)
            try bench.restart()
        }
        #expect(surveys == [task])
        bench.wait(299)
        #expect(surveys.count == 1)
        bench.wait(1)
        #expect(surveys.count == 2)
        #expect(Set(surveys).count == 2)
        // The third is the last, restarts or not.
        try bench.restart()
        bench.wait(600)
        try bench.restart()
        bench.wait(600)
        #expect(surveys.count == 3)
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
    }

    @Test(
        "what has arrived of an answer survives a restart, in any order",
        arguments: [[0, 1, -1], [0, -1, 1], [-1, 0, 1], [-1, 1, 0], [1, 1, 0, -1]])
    mutating func restartBetweenPages(order: [Int]) throws {
        let expected = task
        for number in order {
            let event = number < 0 ? end(pages: 2) : page(number)
            #expect(bench.rollout.targets.isEmpty)
            bench.hear("a", event)
            try bench.restart()
        }
        #expect(surveys == [expected])
        #expect(bench.rollout.targets.map(\.gain) == [1, 0])
        #expect(bench.storedPages == 0)
    }

    @Test("pages of an earlier number count for nothing, not even after a restart")
    mutating func latePages() throws {
        let (late, lateEnd) = (page(0), end(pages: 1))
        bench.hear("a", late)
        #expect(bench.storedPages == 1)
        bench.wait(600)
        #expect(surveys.count == 2)
        #expect(bench.storedPages == 0)
        bench.hear("a", late)
        bench.hear("a", lateEnd)
        try bench.restart()
        #expect(bench.storedPages == 0)
        #expect(bench.rollout.targets.isEmpty)
        bench.hear("a", page(0))
        bench.hear("a", end(pages: 1))
        #expect(bench.rollout.targets.count == 1)
    }

    @Test("of a host that is given up, and of a rollout that is cancelled, no page is kept")
    mutating func forgotten() throws {
        bench.hear("a", page(0))
        try bench.carryOut(.cancel)
        #expect(bench.rollout.state.phase == .cancelled)
        #expect(bench.storedPages == 0)
        bench = Bench(files: [0], answering: 0)
        bench.hear("a", page(0))
        bench.take(.deadLettered(task: task, name("a"), reason: "x"))
        #expect(bench.storedPages == 0)
    }

    // MARK: - Bounds

    private func files(_ count: Int, on fileSystems: Int, path: String = "/") -> [FileSurvey] {
        (0..<count).map {
            FileSurvey(
                path: "\(path)\($0)", inode: 1, fileSystem: "fs\($0 % fileSystems)", size: .mebibytes(1),
                statistics: ExtentStatistics(), estimatedReflinkSeconds: 1, gainSeconds: Double(count - $0))
        }
    }

    private mutating func answer(_ files: [FileSurvey]) {
        let pages = stride(from: 0, to: files.count, by: 1000).map {
            Array(files[$0..<min($0 + 1000, files.count)])
        }
        for (number, files) in pages.enumerated() {
            bench.hear("a", .surveyPage(SurveyPage(task: task, job: "r", page: number, files: files)))
        }
        bench.hear("a", end(pages: pages.count))
    }

    @Test("a host has at most 256 file systems: what is on others is said", arguments: [1, 256, 257, 20_000])
    mutating func fileSystems(count: Int) throws {
        answer(files(20_000, on: count))
        let host = bench.rollout.hosts[0]
        #expect(host.fileSystems.count == min(count, 256))
        #expect(host.lanes.count == min(count, 256))
        #expect(bench.inFlight.count == min(count, 256))
        let left = 20_000 - bench.rollout.targets.count
        #expect(left == (count <= 256 ? 0 : count == 257 ? 77 : 19_744))
        let said = host.state.problems.first ?? ""
        #expect(said.hasPrefix(left == 0 ? "" : "\(left) files on \(count - 256) file systems were left out"))
        #expect(said.isEmpty == (left == 0))
        try bench.restart()
        #expect(bench.rollout.hosts[0].lanes.map(\.targets) == host.lanes.map(\.targets))
    }

    @Test("one that answers with more than a survey can hold is given up, and nothing is kept")
    mutating func tooMuch() {
        answer(files(20_001, on: 1))
        #expect(bench.rollout.hosts[0].state.givenUp == "answers its survey with more than a survey can hold")
        #expect(bench.storedPages == 0)
        bench = Bench(files: [0], answering: 0)
        answer(files(20_000, on: 1, path: String(repeating: "x", count: 4000)))
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
        #expect(bench.storedPages == 0)
    }
}
