import DefragTypes
import XFS

/// Sorts a file's map, fed in file order, into a fixed number of cells.
struct FileMapper {
    private let size: Int64
    private let cellSize: Int64
    private var entries: [Entry]
    private var beyondEnd: Int64 = 0

    private struct Entry {
        var cell: FileMap.Cell
        /// The extents in it, each counted as the share of it that is here.
        var density = 0.0
    }

    /// A mapper of a file of `size` bytes, into at most `cells` cells.
    init(size: Int64, blockSize: Int64, cells most: Int) {
        var cellSize = max(1, blockSize)
        var count: Int64 { size == 0 ? 0 : (size - 1) / cellSize + 1 }
        while count > Int64(max(1, most)), cellSize < 1 << 62 { cellSize *= 2 }
        self.size = size
        self.cellSize = cellSize
        entries = (0..<count).map { index in
            let offset = index * cellSize
            return Entry(
                cell: .init(offset: ByteCount(offset), length: ByteCount(min(cellSize, size - offset))))
        }
    }

    /// Takes the next record: what the bytes are.
    mutating func add(record: Extent) {
        beyondEnd += record.end - max(record.offset, min(record.end, size))
        eachCell(of: record) { entry, bytes in
            switch record.state {
            case .written:
                entry.cell.written += bytes
                if record.shared > 0 { entry.cell.shared += bytes }
            case .unwritten: entry.cell.unwritten += bytes
            case .delayed: entry.cell.delayed += bytes
            }
            entry.cell.hole -= bytes
        }
    }

    /// Takes the next extent, complete: how large the pieces are.
    mutating func add(extent: Extent) {
        guard extent.offset < size else { return }
        entries[Int(extent.offset / cellSize)].cell.extents += 1
        eachCell(of: extent) { entry, bytes in
            entry.cell.largestExtent = max(entry.cell.largestExtent, ByteCount(extent.length))
            entry.density += Double(bytes.rawValue) / Double(extent.length)
        }
    }

    /// The picture so far.
    var map: FileMap {
        let cells = entries.map { entry in
            var cell = entry.cell
            let mapped = cell.length - cell.hole
            if entry.density > 0 {
                cell.averageExtent = ByteCount(saturating: Double(mapped.rawValue) / entry.density)
            }
            return cell
        }
        return FileMap(cellSize: ByteCount(cellSize), beyondEnd: ByteCount(beyondEnd), cells: cells)
    }

    /// Calls `body` with each cell that `extent` has bytes in, and how many.
    private mutating func eachCell(of extent: Extent, _ body: (inout Entry, ByteCount) -> Void) {
        var offset = extent.offset
        let end = min(extent.end, size)
        while offset < end {
            let length = min(end - offset, cellSize - offset % cellSize)
            body(&entries[Int(offset / cellSize)], ByteCount(length))
            offset += length
        }
    }
}
