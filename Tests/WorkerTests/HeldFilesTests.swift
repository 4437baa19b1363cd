import Contract
import Defrag
import DefragTypes
import Glibc
import Logging
import Support
import Testing
import XFS

@testable import Worker

@Suite("Between two slices of a job") struct HeldFilesTests {
    private let disk: LoopXFS
    private let path: String
    private let lane = Lane(name: "test")
    private let slices: SliceRunner
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        disk = try LoopXFS(mebibytes: 400)
        path = disk.file("image")
        try Fragmenter.scatter(path, size: 16 << 20)
        TestFile(path + ".backup").become(copyOf: TestFile(path))
        slices = SliceRunner(roots: Roots(folders: [disk.path]), standing: Standing(), log: log)
    }

    private func held(_ patience: Duration) -> HeldFiles {
        HeldFiles(roots: Roots(folders: [disk.path]), patience: patience, log: log)
    }

    /// Carries out the slice `task`, of which the broker has the answer only if `isAnswered`.
    private func slice(
        _ task: String, _ held: HeldFiles, from: ByteCount = .zero, isAnswered: Bool = true,
        isLast: Bool = false, path: String? = nil
    ) async throws -> DefragResult {
        let path = path ?? self.path
        let slice = SliceTask(job: "j", path: path, from: from, timeBudget: 0.001)
        let result = await lane.run { [slices, lane] pauses in
            held.began(task, slice.path)
            let result = slices.run(task, slice, &pauses).result
            held.ended(task, slice.path, result, on: lane)
            return result
        }
        #expect(result.reason == .timeLimit)
        if isAnswered { held.answered(task, path, isLast: isLast) }
        return result
    }

    private var hint: Int64 {
        get throws { try openForSurvey(path: path).attributes().cowExtentSizeHint }
    }

    private func untilHintIsBack() async throws {
        while try hint != 0 { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test("a file keeps the run's hint until no slice has come for a while", .timeLimit(.minutes(1)))
    func idle() async throws {
        let held = held(.milliseconds(200))
        let keeper = Task { await held.run() }
        let first = try await slice("1", held)
        #expect(try hint == 4096)
        _ = try await slice("2", held, from: first.nextOffset ?? .zero)
        try await untilHintIsBack()
        #expect(TestFile(path).attributeNames() == [])
        keeper.cancel()
    }

    @Test("it gets its own back at once where no next slice is to be expected", .timeLimit(.minutes(1)))
    func last() async throws {
        let held = held(.seconds(3600))
        let keeper = Task { await held.run() }
        _ = try await slice("1", held, isLast: true)
        try await untilHintIsBack()
        #expect(TestFile(path).attributeNames() == [])
        keeper.cancel()
    }

    @Test("a slice that runs keeps it, however long")
    func running() async throws {
        let held = held(.zero)
        _ = try await slice("1", held)
        held.began("2", path)
        let keeper = Task { await held.run() }
        _ = try await slice("3", held, isAnswered: false)
        // The answer of an earlier one says nothing of this one.
        held.answered("1", path, isLast: true)
        try await Task.sleep(for: .milliseconds(50))
        #expect(try hint == 4096)
        keeper.cancel()
    }

    @Test("a worker that leaves gives hints back, and keeps on record what was not answered")
    func leaving() async throws {
        let held = held(.seconds(3600))
        _ = try await slice("1", held, isAnswered: false)
        await held.giveAllBack()
        #expect(try hint == 0)
        #expect(TestFile(path).attributeNames() == ["user.reflow.job"])
        // It is delivered again, and answered.
        _ = try await slice("1", held)
        await held.giveAllBack()
        #expect(TestFile(path).attributeNames() == [])
    }

    @Test("two files whose names differ in spelling only are two")
    func spellings() async throws {
        let held = held(.seconds(3600))
        let files = ["\u{E9}", "e\u{301}"].map { disk.file($0) }
        for (number, file) in files.enumerated() {
            try Fragmenter.scatter(file, size: 16 << 20)
            _ = try await slice("\(number)", held, path: file)
        }
        func hints() throws -> [Int64] {
            try files.map { try openForSurvey(path: $0).attributes().cowExtentSizeHint }
        }
        #expect(try hints() == [4096, 4096])
        await held.giveAllBack()
        #expect(try hints() == [0, 0])
    }

    @Test("another file that stands there now is left alone, and so is none")
    func replaced() async throws {
        let held = held(.seconds(3600))
        _ = try await slice("1", held)
        #expect(rename(path, disk.file("old")) == 0)
        TestFile(path).fill(0..<4096)
        TestFile(path).setHints(extents: 0, copyOnWrite: 4096)
        await held.giveAllBack()
        #expect(try hint == 4096)
        #expect(unlink(path) == 0)
        await held.giveAllBack()
    }
}
