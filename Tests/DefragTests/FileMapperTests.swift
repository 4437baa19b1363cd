import DefragTypes
import Testing
import XFS

@testable import Defrag

/// How a map becomes cells.
struct FileMapperTests {
    private static let block: Int64 = 4096

    /// A record of `blocks` blocks, physically at `place`.
    private func record(
        _ offset: Int64, _ blocks: Int64, at place: Int64, _ state: Extent.State = .written,
        shared: Bool = false
    ) -> Extent {
        Extent(
            offset: offset * Self.block, physical: place * Self.block, length: blocks * Self.block,
            state: state,
            shared: shared ? blocks * Self.block : 0)
    }

    private func map(size: Int64, cells: Int, _ records: [Extent]) -> FileMap {
        var tally = SurveyTally(
            target: 1 << 24, mapper: FileMapper(size: size, blockSize: Self.block, cells: cells))
        for record in records { tally.add(record) }
        tally.finish()
        return tally.mapper?.map ?? FileMap(cellSize: 0, cells: [])
    }

    @Test(
        "cells are blocks times a power of two, as many as fit",
        arguments: [
            (0, 10, 4096, 0), (1, 10, 4096, 1), (4096 * 10, 10, 4096, 10), (4096 * 10 + 1, 10, 8192, 6),
            (1 << 40, 1024, 1 << 30, 1024), ((1 << 40) + 1, 1024, 1 << 31, 513), (1 << 20, 1, 1 << 20, 1),
            (Int64.max, 4, 1 << 61, 4),
        ] as [(Int64, Int, Int64, Int)])
    func cellSizes(size: Int64, most: Int, cellSize: Int64, count: Int) {
        let map = map(size: size, cells: most, [])
        #expect(map.cellSize.rawValue == cellSize)
        #expect(map.cells.count == count)
        #expect(map.cells.reduce(.zero) { $0 + $1.length }.rawValue == size)
        #expect(map.cells.allSatisfy { $0.hole == $0.length && $0.extents == 0 })
    }

    @Test func bytesGoWhereTheyAre() {
        // Cells of 4 blocks: 3 data (2 of them shared) and a hole; preallocation and data without a place; nothing.
        let map = map(
            size: 11 * Self.block + 1, cells: 3,
            [
                record(0, 1, at: 10), record(1, 2, at: 50, shared: true), record(4, 3, at: 70, .unwritten),
                record(7, 1, at: 0, .delayed), record(11, 4, at: 90),
            ])
        let figures = map.cells.map { cell in
            [cell.written, cell.shared, cell.unwritten, cell.delayed, cell.hole].map {
                Double($0.rawValue) / 4096
            }
        }
        #expect(figures == [[3, 2, 0, 0, 1], [0, 0, 3, 1, 0], [1 / 4096, 0, 0, 0, 3]])
        #expect(map.cells.map(\.extents) == [2, 2, 1])
        #expect(map.cells.map(\.largestExtent.rawValue) == [2, 3, 4].map { $0 * Self.block })
        #expect(map.beyondEnd.rawValue == 4 * Self.block - 1)
    }

    @Test func anExtentIsAsLargeAsItIsInEveryCell() {
        // One of 10 blocks over three cells of 4, then two of one block; the file system keeps the large one in two
        // records, for half of it is shared.
        let map = map(
            size: 12 * Self.block, cells: 3,
            [
                record(0, 5, at: 100), record(5, 5, at: 105, shared: true), record(10, 1, at: 7),
                record(11, 1, at: 3),
            ])
        #expect(map.cells.map(\.extents) == [1, 0, 2])
        #expect(map.cells.map(\.largestExtent.rawValue) == [10, 10, 10].map { $0 * Self.block })
        #expect(map.cells.map(\.shared.rawValue) == [0, 3, 2].map { $0 * Self.block })
        // In the last, two blocks of ten and two of one: 4 blocks in 2.2 extents.
        let last = Int64((4 * Double(Self.block) / 2.2).rounded())
        #expect(map.cells.map(\.averageExtent.rawValue) == [10 * Self.block, 10 * Self.block, last])
    }

    @Test func extentsAddUp() {
        let records = (0..<1000).map { record($0 * 3, 2, at: 1_000_000 - $0 * 5, shared: $0 % 2 == 0) }
        let map = map(size: 3000 * Self.block, cells: 7, records)
        #expect(map.cells.reduce(0) { $0 + $1.extents } == 1000)
        #expect(map.cells.reduce(.zero) { $0 + $1.written }.rawValue == 2000 * Self.block)
        #expect(map.cells.reduce(.zero) { $0 + $1.shared }.rawValue == 1000 * Self.block)
        #expect(map.cells.reduce(.zero) { $0 + $1.hole }.rawValue == 1000 * Self.block)
        #expect(map.cells.allSatisfy { $0.averageExtent.rawValue == 2 * Self.block })
    }
}
