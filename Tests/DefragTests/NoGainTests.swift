import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// A file that cannot become better is recognised soon, and left alone.
@Suite("Nothing to gain") struct NoGainTests {
    /// A file whose blocks are every second one of a region, in another order; the others belong to another file.
    private func interleave(_ path: String, with neighbour: String, size: Int64) throws {
        let original = path + ".original"
        do {
            let source = TestFile(original)
            source.fill(0..<2 * size)
            source.synchronize()
            let image = TestFile(path)
            let other = TestFile(neighbour)
            var random = Xorshift(seed: 1)
            for (index, pair) in (0..<size / 4096).shuffled(using: &random).enumerated() {
                let (from, to) = (pair * 8192, Int64(index) * 4096)
                image.clone(from..<from + 4096, of: source, to: to)
                other.clone(from + 4096..<from + 8192, of: source, to: to)
            }
            image.synchronize()
            other.synchronize()
            source.truncate(to: 0)
        }
        try Tool.run("rm", original)
    }

    @Test("where the free space itself is fragmented, the run says so and stops")
    func fragmentedFreeSpace() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        let size: Int64 = 48 << 20
        try interleave(path, with: xfs.file("neighbour"), size: size)
        let contents = try checksum(path)
        // All that is free, except for the file system's reserve of some 16 MiB, in every second block.
        let others = xfs.file("others")
        try Tool.run(
            "sh", "-c",
            "size=0; for step in 16777216 1048576 65536 4096; do "
                + "while fallocate -o $size -l $step '\(others)' 2>/dev/null; do size=$((size + step)); done; done"
        )
        do {
            let file = TestFile(others)
            for offset in stride(from: 0, to: file.size(), by: 8192) { file.punch(offset..<offset + 4096) }
            file.synchronize()
        }
        let result = try defragment(path, policy { $0.window = .mebibytes(1) })
        #expect(result.status == .partial, "\(result)")
        #expect(result.reason == .noGain)
        #expect(result.message?.contains("free space itself is fragmented") == true)
        #expect((result.nextOffset ?? .zero) < ByteCount(size))
        #expect(try checksum(path) == contents)
        try xfs.unmountAndCheck()
    }

    @Test("a second run finds little to do")
    func secondRun() throws {
        let xfs = try LoopXFS()
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 128 << 20)
        let first = try defragment(path)
        #expect(first.status == .done)
        let second = try defragment(path)
        #expect(second.status == .done)
        // What two passes could not improve is tried in at most four windows, and then left.
        #expect(second.bytes.rewritten <= .mebibytes(64))
        #expect(second.extents.after <= first.extents.after)
    }
}
