import Support
import Testing
import XFS

@testable import Trials

/// The differential trial is only useful if it finds a wrong byte and a wrong layout.
struct ContentsModelTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 3 << 20

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
    }

    @Test("a byte that is added, missing or different from the model is found, wherever it is")
    func wrongBytes() {
        let file = TestFile(path)
        file.fill(0..<Self.size + 100)
        let model = ContentsModel(reading: file)
        #expect(model.fault(in: file) == nil)
        for offset in [0, 4095, 1 << 20, Self.size + 99] as [Int64] {
            let right = file.read(1, at: offset)
            [right[0] &+ 1].withUnsafeBytes { file.write($0, at: offset) }
            #expect(model.fault(in: file)?.contains("1 wrong bytes (other data) in \(offset)") != false)
            right.withUnsafeBytes { file.write($0, at: offset) }
            #expect(model.fault(in: file) == nil)
        }
        file.punch(4096..<8192)
        #expect(model.fault(in: file)?.contains("zeros") == true)
        file.fill(0..<Self.size + 101)
        #expect(model.fault(in: file)?.contains("bytes long") == true)
        file.truncate(to: Self.size)
        #expect(model.fault(in: file)?.contains("bytes long") == true)
    }

    @Test("every operation does to the model what the kernel does to the file", arguments: Operation.allCases)
    func operations(operation: Operation) throws {
        TestFile(path).fill(0..<Self.size - 77)
        var file = ModelledFile(
            path, holding: ContentsModel(reading: TestFile(path)), blockSize: 4096, hint: 0,
            random: Xorshift(seed: 7))
        try file.perform(.backUp)
        for _ in 0..<40 {
            try file.perform(operation)
            try file.perform(.bufferedWrite)
        }
        try file.compare()
        #expect(file.operations[operation, default: 0] >= 40)
        // And a comparison can fail.
        file.contents.resize(to: file.contents.size + 1)
        #expect(throws: Violation.self) { try file.compare() }
    }

    @Test("a backup that has changed is found")
    func wrongBackup() throws {
        TestFile(path).fill(0..<Self.size)
        var file = ModelledFile(
            path, holding: ContentsModel(reading: TestFile(path)), blockSize: 4096, hint: 0,
            random: Xorshift(seed: 7))
        try file.perform(.backUp)
        try file.compare()
        TestFile(file.backups[0].path).punch(4096..<4097)
        #expect(throws: Violation.self) { try file.compare() }
    }

    @Test(
        "a hole that was filled, and preallocation that has become data, are found where no user touched them"
    )
    func wrongLayout() throws {
        let file = TestFile(path)
        file.fill(0..<8 * 4096)
        file.punch(2 * 4096..<4 * 4096)
        file.truncate(to: 16 * 4096)
        file.preallocate(8 * 4096..<12 * 4096)
        file.synchronize()
        let before = try Layout(of: path)
        let untouched = TouchLog(blockSize: 4096)
        #expect(untouched.fault(before: before, after: try Layout(of: path)) == nil)
        file.fill(3 * 4096..<3 * 4096 + 1)
        file.synchronize()
        let filled = try Layout(of: path)
        #expect(untouched.fault(before: before, after: filled)?.contains("block 3") == true)
        var touched = untouched
        touched.add(from: 3 * 4096, to: 3 * 4096 + 1, unit: 4096)
        #expect(touched.fault(before: before, after: filled) == nil)
        file.fill(9 * 4096..<9 * 4096 + 1)
        file.synchronize()
        #expect(touched.fault(before: before, after: try Layout(of: path))?.contains("block 9") == true)
        touched.addRelease(9 * 4096..<10 * 4096)
        #expect(touched.fault(before: before, after: try Layout(of: path))?.contains("punched") == true)
        file.punch(9 * 4096..<10 * 4096)
        #expect(touched.fault(before: before, after: try Layout(of: path)) == nil)
        #expect(touched.preallocationLeft(in: try Layout(of: path)) == 0)
        file.preallocate(9 * 4096..<10 * 4096)
        #expect(touched.preallocationLeft(in: try Layout(of: path)) == 4096)
        #expect(throws: Violation.self) {
            try Observation(of: path).promiseSameLayout(
                in: observation(after: 4096), beyondEnd: true, blockSize: 4096)
        }
    }

    private func observation(after punched: Int64) throws -> Observation {
        TestFile(path).punch(0..<punched)
        return try Observation(of: path)
    }
}
