import Testing
import XFS

@testable import Defrag

struct ChunkCutterTests {
    private func cut(_ records: [Extent], bytes: Int64 = 1000, extents: Int = 100, alignment: Int64 = 5)
        -> Chunk?
    {
        var cutter = ChunkCutter(limits: ChunkLimits(bytes: bytes, extents: extents), alignment: alignment)
        for record in records where !cutter.add(record) { break }
        return cutter.finish()
    }

    private let scattered = [
        Extent(offset: 0, physical: 900, length: 10, shared: 10),
        Extent(offset: 10, physical: 700, length: 10),
        Extent(offset: 20, physical: 710, length: 10, shared: 10),
        Extent(offset: 30, physical: 100, length: 10),
    ]

    @Test func takesEverythingWithinTheLimits() {
        #expect(cut(scattered) == Chunk(range: 0..<40, extents: 3, shared: 20))
    }

    @Test(arguments: [(25, 25), (10, 10), (40, 40)] as [(Int64, Int64)])
    func endsAtTheByteLimit(bytes: Int64, end: Int64) {
        #expect(cut(scattered, bytes: bytes)?.range == 0..<end)
    }

    @Test func countsOnlySharedBytesWithin() {
        #expect(cut(scattered, bytes: 25)?.shared == 15)
    }

    @Test(arguments: [(1, 10), (2, 30), (3, 40)] as [(Int, Int64)])
    func endsAtTheExtentLimit(extents: Int, end: Int64) {
        #expect(cut(scattered, extents: extents)?.range == 0..<end)
    }

    @Test(
        arguments: [
            (5, 100, 10), (15, 100, 10), (20, 100, 20), (39, 100, 30), (40, 100, 40), (1000, 1, 10),
            (1000, 2, 30),
        ] as [(Int64, Int, Int64)])
    func aLimitCutsAtTheAlignment(bytes: Int64, extents: Int, end: Int64) {
        #expect(cut(scattered, bytes: bytes, extents: extents, alignment: 10)?.range == 0..<end)
    }

    @Test func anUnalignedStartReachesTheNextBoundaryWhateverTheLimits() {
        let record = Extent(offset: 7, physical: 100, length: 100)
        #expect(cut([record], bytes: 1, alignment: 16)?.range == 7..<16)
        #expect(cut([record], bytes: 20, alignment: 16)?.range == 7..<16)
        #expect(cut([record], bytes: 25, alignment: 16)?.range == 7..<32)
    }

    @Test func aGapCutsAnywhere() {
        let records = [
            Extent(offset: 0, physical: 100, length: 7), Extent(offset: 9, physical: 200, length: 7),
        ]
        #expect(cut(records, alignment: 16)?.range == 0..<7)
    }

    @Test func startsBehindAHoleAndEndsAtTheNext() {
        let records = [
            Extent(offset: 5, physical: 0, length: 5, state: .unwritten),
            Extent(offset: 10, physical: 100, length: 10),
            Extent(offset: 20, physical: 300, length: 10),
            Extent(offset: 35, physical: 500, length: 10),
        ]
        #expect(cut(records)?.range == 10..<30)
    }

    @Test func endsAtWhatIsNotWritten() {
        let records = [
            Extent(offset: 0, physical: 100, length: 10),
            Extent(offset: 10, physical: 0, length: 10, state: .delayed),
            Extent(offset: 20, physical: 300, length: 10),
        ]
        #expect(cut(records)?.range == 0..<10)
    }

    @Test func isNothingWhereNothingIsWritten() {
        #expect(cut([]) == nil)
        #expect(cut([Extent(offset: 0, physical: 0, length: 10, state: .unwritten)]) == nil)
    }
}
