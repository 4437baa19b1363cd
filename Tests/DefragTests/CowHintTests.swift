import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// The one-block hint of a run, and the owner's.
@Suite("The cowextsize hint") struct CowHintTests {
    let xfs: LoopXFS
    let path: String

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: 8 << 20)
    }

    private func hint(_ path: String) throws -> Int64 {
        try openForSurvey(path: path).attributes().cowExtentSizeHint
    }

    private func expectOwn(_ own: Int64, _ path: String) throws {
        #expect(try hint(path) == own)
        #expect(TestFile(path).attributeNames() == [])
    }

    /// The file as a killed run leaves it.
    private func leaveReplaced(_ path: String) throws {
        try CowHint.replace(in: openForDefrag(path: path), blockSize: 4096)
        #expect(try hint(path) == 4096)
        #expect(TestFile(path).attributeNames() == [CowHint.attribute])
    }

    @Test("is one block during a run, and the owner's afterwards", arguments: [0, 1 << 20] as [UInt32])
    func replacedAndGivenBack(own: UInt32) throws {
        TestFile(path).setHints(extents: 0, copyOnWrite: own)
        var during: [Int64] = []
        let result = try defragment(path) { _, progress in
            // At the end of the file the extents are counted, when the hint has been given back.
            if progress.offset < progress.size { during.append(try hint(path)) }
            return nil
        }
        #expect(result.status == .done)
        #expect(during.last == 4096)
        try expectOwn(Int64(own), path)
    }

    @Test("is the owner's also after a run that is stopped, or out of space")
    func givenBackWhenStopped() throws {
        _ = try defragment(path) { number, _ in number == 3 ? .interrupted : nil }
        try expectOwn(0, path)
        #expect(try defragment(path, policy { $0.minFree = .percent(99) }).reason == .lowSpace)
        try expectOwn(0, path)
    }

    @Test(
        "is restored by the next run after a crash, even if that finds nothing to rewrite; not by a dry run"
    )
    func nextRun() throws {
        let path = xfs.file("whole")
        TestFile(path).fill(0..<1 << 20)
        TestFile(path).synchronize()
        TestFile(path).setHints(extents: 0, copyOnWrite: 65536)
        try leaveReplaced(path)
        try defragment(path, dryRun: true)
        #expect(try hint(path) == 4096)
        #expect(try defragment(path).reason == .alreadyContiguous)
        try expectOwn(65536, path)
    }

    @Test(
        "is given back also to a file that was made immutable meanwhile, which it stays; a note says what is left"
    )
    func immutable() throws {
        TestFile(path).setHints(extents: 0, copyOnWrite: 65536)
        let result = try defragment(path) { number, _ in
            if number == 3 { try Tool.run("chattr", "+i", path) }
            return nil
        }
        defer { _ = try? Tool.run("chattr", "-i", path) }
        #expect(result.reason == .immutable)
        let attributes = try openForSurvey(path: path).attributes()
        #expect(attributes.flags.contains(.immutable))
        #expect(attributes.cowExtentSizeHint == 65536)
        let note = result.notes?.first { $0.reason == .hintNotRestored }
        #expect(note?.message.contains("is back, but the record of it could not be removed") == true)
        try Tool.run("chattr", "-i", path)
        #expect(try repair(path) == .restored(65536))
        try expectOwn(65536, path)
    }

    @Test("of a run after a crash is still the owner's, not the crashed run's")
    func recordSurvivesACrash() throws {
        TestFile(path).setHints(extents: 0, copyOnWrite: 65536)
        try leaveReplaced(path)
        try defragment(path)
        try expectOwn(65536, path)
    }

    @Test("that the owner sets in the meantime stays")
    func changedByTheOwner() throws {
        try leaveReplaced(path)
        TestFile(path).setHints(extents: 0, copyOnWrite: 8192)
        try defragment(path)
        try expectOwn(8192, path)
        // And is not called restored, where only the record has to go.
        try leaveReplaced(path)
        TestFile(path).setHints(extents: 0, copyOnWrite: 8192)
        #expect(try repair(path) == .restored(8192))
        try expectOwn(8192, path)
        // One block, as the owner wants it, needs no record.
        TestFile(path).setHints(extents: 0, copyOnWrite: 4096)
        try defragment(path)
        try expectOwn(4096, path)
    }

    @Test(
        "on record may be anything that another user has written there",
        arguments: ["-1", "99999999999", "x", "", "5", "18446744073709551616"])
    func forgedRecord(record: String) throws {
        let file = try openForDefrag(path: path)
        try file.setCowExtentSizeHint(4096)
        try file.setExtendedAttribute(CowHint.attribute, to: record)
        #expect(try repair(path) == .restored(.zero))
        try expectOwn(0, path)
        try file.setExtendedAttribute(CowHint.attribute, to: record)
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(result.otherNotes == [])
        #expect(TestFile(path).attributeNames() == [])
    }

    @Test("is repaired where a crash has left it, and left alone during a run")
    func repaired() throws {
        TestFile(path).setHints(extents: 0, copyOnWrite: 65536)
        #expect(try repair(path) == .untouched)
        try leaveReplaced(path)
        #expect(try repair(path, with: HintRepair(isDryRun: true)) == .restored(65536))
        #expect(try hint(path) == 4096)
        #expect(try repair(path) == .restored(65536))
        try expectOwn(65536, path)
        let copy = xfs.file("copy")
        var outcomes: [HintRepair.Outcome] = []
        try Fragmenter.scatter(path, size: 8 << 20, seed: 2)
        try defragment(path) { _, progress in
            if outcomes.isEmpty, progress.rewritten > .zero {
                try Tool.run("cp", "--reflink=always", path, copy)
                outcomes.append(try repair(path))
            }
            return nil
        }
        #expect(outcomes == [.busy])
        try expectOwn(65536, path)
        // A copy of the whole file inherits the hint, but not the record.
        #expect(try hint(copy) == 4096)
        #expect(try repair(copy) == .untouched)
        #expect(try repair(copy, with: HintRepair(includesUnrecorded: true)) == .restored(0))
        try expectOwn(0, copy)
    }

    @Test("stays away from files with an extsize hint, which XFS obeys instead, and a note says so")
    func extentSizeHint() throws {
        let path = xfs.file("hinted")
        TestFile(path).setHints(extents: 65536, copyOnWrite: 0)
        TestFile(path).fill(0..<4 << 20)
        try Tool.run("cp", "--reflink=always", path, xfs.file("backup"))
        for offset in stride(from: 0 as Int64, to: 4 << 20, by: 256 << 10) {
            TestFile(path).fill(offset..<offset + 4096, seed: 2)
        }
        TestFile(path).synchronize()
        var hints: Set<Int64> = []
        let result = try defragment(path) { _, _ in
            hints.insert(try hint(path))
            return nil
        }
        #expect(hints == [0])
        #expect(result.bytes.rewritten > .zero)
        #expect(result.otherNotes == [.extentSizeHint])
    }
}
