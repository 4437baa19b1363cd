import Contract
import DefragTypes
import JSON
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("files whose names differ in spelling only") struct SpellingTests {
    /// é as one scalar and as two: to `String` they are equal, to the kernel they are two names.
    private let paths = ["/srv/\u{E9}.img", "/srv/e\u{301}.img"]

    private func bytes(_ paths: some Sequence<String>) -> [[UInt8]] { paths.map { Array($0.utf8) } }

    @Test("are two targets, each of which gets its slices, its result and its place in a listing")
    func rollout() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada").id
        let survey = try #require(try await bench.publish().first { $0.kind == .survey }?.task)
        let found = paths.enumerated().map { number, path in
            FileSurvey(
                path: path, inode: UInt64(number + 1), fileSystem: "fs", size: .mebibytes(1),
                statistics: ExtentStatistics(), estimatedReflinkSeconds: 1, gainSeconds: 1)
        }
        await bench.hear("a", .surveyPage(.init(task: survey, job: id, page: 0, files: found)))
        await bench.hear(
            "a", .surveyFinished(.init(task: survey, job: id, pages: 1, files: 2, matched: 2, problems: [])))
        var sent: [String] = []
        while let slice = try await bench.publish().first(where: { $0.kind == .slice }) {
            guard case .slice(let task) = try Contract.Message<HostTask>(json: slice.body).body else {
                continue
            }
            sent.append(task.path)
            var result = DefragResult(path: task.path, status: .done)
            result.inode = try #require(task.inode)
            await bench.hear(
                "a",
                .sliceFinished(.init(task: try #require(slice.task), job: id, result: result)))
        }
        #expect(Set(bytes(sent)) == Set(bytes(paths)) && sent.count == 2)
        let targets = try bench.store.readNow { try $0.targets(of: id) }
        #expect(Set(bytes(targets.map(\.path))) == Set(bytes(paths)))
        for target in targets {
            #expect(target.state == .done)
            #expect(bytes([target.result?.path ?? ""]) == bytes([target.path]))
        }
    }

    @Test("rank by their bytes, whichever is seen first")
    func rank() {
        let files = paths.map { surveyed($0) }
        #expect(files[1].ranksBefore(files[0]) && !files[0].ranksBefore(files[1]))
    }
}
