import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// On kernels on which unsharing a file's last shared extent loses data, only the pin prevents that.
@Suite("The pin") struct PinTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 4 << 20
    private static let starts = (0..<8).map { $0 * size / 8 }
    private static let half = size / 2

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        TestFile(path).fill(0..<Self.size)
        TestFile(path).synchronize()
    }

    /// A pin on the file, as it is after `change`: whether it is firm when nothing, the first and the second half of the
    /// file are unshared, and with `renewed` after a renewal.
    private func isFirm(
        renewed: Bool = false, after change: () throws -> Void
    ) throws -> [Bool] {
        let file = try openForDefrag(path: path)
        let pin = try Pin(beside: file, blockSize: 4096, isVital: true)
        pin.renew(in: file, size: Self.size, blockSize: 4096)
        try change()
        if renewed { pin.renew(in: file, size: Self.size, blockSize: 4096) }
        return [0..<0, 0..<Self.half, Self.half..<Self.size].map { pin.isFirm(outside: $0, in: file) }
    }

    private func writeToPins(count: Int = 8) {
        for start in Self.starts.prefix(count) { TestFile(path).fill(start..<start + 4096, seed: 2) }
    }

    @Test("is on blocks all over the file, and goes when it is released")
    func places() throws {
        let file = try openForDefrag(path: path)
        let pin = try Pin(beside: file, blockSize: 4096, isVital: true)
        pin.renew(in: file, size: Self.size, blockSize: 4096)
        #expect(pin.ours == Self.starts)
        let end = Self.size
        let (all, half) = (pin.holds(outside: 0..<end), pin.holds(outside: Self.half..<end))
        #expect(!all && half)
        let boundaries = [pin.boundary(in: 0..<end), pin.boundary(in: Self.starts[7]..<end)]
        #expect(boundaries == [Self.starts[4], nil])
        try pin.release()
        #expect(pin.ours == [])
    }

    @Test("holds while there are no writes")
    func untouched() throws {
        #expect(try isFirm {} == [true, true, true])
    }

    @Test("outlives the backup that shared the pinned blocks when they were pinned")
    func backups() throws {
        let backup = TestFile(path + ".backup")
        backup.become(copyOf: TestFile(path))
        #expect(try isFirm { backup.truncate(to: 0) } == [true, true, true])
    }

    @Test("does not count a block as pinned that only a backup shares")
    func backupInPlaceOfThePin() throws {
        let firm = try isFirm {
            writeToPins()
            TestFile(path).synchronize()
            TestFile(path + ".backup").become(copyOf: TestFile(path))
        }
        #expect(firm == [false, false, false])
    }

    @Test("counts what a guest wrote as unpinned before a flush separates it, and is renewed")
    func writesInMemory() throws {
        #expect(try isFirm { writeToPins() } == [false, false, false])
        #expect(try isFirm(renewed: true) { writeToPins() } == [true, true, true])
    }

    @Test("is not firm when more than half of it is gone")
    func aFewAreLeft() throws {
        #expect(try isFirm { writeToPins(count: 4) } == [true, true, false])
        #expect(try isFirm { writeToPins(count: 5) } == [false, false, false])
    }

    @Test("excludes no part of a file that one chunk could hold")
    func smallFile() throws {
        let small = xfs.file("small")
        try Fragmenter.scatter(small, size: Self.size)
        let sum = try checksum(small)
        let file = try openForDefrag(path: small)
        let pace = Pace(policy: policy(), pauses: PauseController(), timeLimit: nil)
        var run = try Run(over: file, from: 0, pace: pace, isDryRun: false, needsPin: true) { _ in
            .proceed(policy())
        }
        let result = run.result(path: small)
        #expect(result.status == .done)
        #expect(result.otherNotes == [])
        #expect(result.extents.after <= 8)
        #expect(try checksum(small) == sum)
    }
}
