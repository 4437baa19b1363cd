import CLinux
import Glibc

/// Walks through the extent map of a file, record by record and in order: `FS_IOC_FIEMAP`, ioctl_fiemap(2).
///
/// Holes have no record. Records are as the file system keeps them, cut at the ends of the range, and stale the moment
/// they are read. Never flushes (no `FIEMAP_FLAG_SYNC`): data that are only in memory show as ``Extent/State/delayed``, or
/// as what they are about to replace. A walk may be given up at any record; ``seek(to:batch:)`` begins another one in the
/// same memory.
public struct MapCursor: ~Copyable {
    /// Most records of one call. XFS holds the file's lock, shared, for the whole call: a batch must be short for a writer
    /// not to notice.
    public static let mostRecords = 512

    private let map: UnsafeMutablePointer<fiemap>
    private let records: UnsafeMutablePointer<fiemap_extent>
    private let capacity: Int
    /// Records that the next call asks for.
    private var batch: Int
    /// What of the range is still to be read, and where the batch at hand began.
    private var remainder: Range<Int64>
    private var batchStart: Int64?
    /// The record of the batch at hand that is next, and how many it has.
    private var index = 0
    private var count = 0
    private var isAtLast = false

    /// A cursor at the start of `range`. A call takes some 2 µs a record, so `batch` is best about as many as are needed.
    public init(_ range: Range<Int64> = 0..<Int64.max, batch: Int = MapCursor.mostRecords) {
        capacity = Self.size(batch)
        self.batch = capacity
        remainder = range
        let header = MemoryLayout<fiemap>.size
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: header + capacity * MemoryLayout<fiemap_extent>.stride,
            alignment: MemoryLayout<fiemap>.alignment)
        map = memory.bindMemory(to: fiemap.self, capacity: 1)
        records = (memory + header).bindMemory(to: fiemap_extent.self, capacity: capacity)
    }

    deinit {
        UnsafeMutableRawPointer(map).deallocate()
    }

    /// Begins again at the start of `range`, with no more records a call than the cursor was made for.
    public mutating func seek(to range: Range<Int64>, batch: Int = MapCursor.mostRecords) {
        self.batch = min(Self.size(batch), capacity)
        remainder = range
        batchStart = nil
        (index, count) = (0, 0)
        isAtLast = false
    }

    /// The next record of `file`, which is the same for the whole walk; `nil` at the end of the range or of the map.
    ///
    /// - Throws: ``SystemError`` of ioctl_fiemap(2).
    public mutating func next(of file: borrowing File) throws(SystemError) -> Extent? {
        try next(of: file.descriptor)
    }

    mutating func next(of descriptor: borrowing Descriptor) throws(SystemError) -> Extent? {
        while !isAtLast {
            if index == count, try !readBatch(of: descriptor) { return nil }
            let record = records[index]
            index += 1
            // Some kernels extend a record to whole blocks: cut it to the range that was asked for. The last block that a
            // file can have ends at 2^63, which no offset is.
            let offset = max(Int64(clamping: record.fe_logical), remainder.lowerBound)
            let end = min(
                Int64(clamping: record.fe_logical &+ record.fe_length), remainder.upperBound)
            guard offset < end else { continue }
            remainder = end..<remainder.upperBound
            isAtLast = record.fe_flags & UInt32(FIEMAP_EXTENT_LAST) != 0
            return Extent(record, offset: offset, end: end)
        }
        return nil
    }

    /// Reads the next batch; false when there is none.
    private mutating func readBatch(of descriptor: borrowing Descriptor) throws(SystemError) -> Bool {
        // A batch that leads nowhere does not occur on a healthy file system, and must not be asked for without end.
        guard !remainder.isEmpty, batchStart != remainder.lowerBound else { return false }
        batchStart = remainder.lowerBound
        (index, count) = (0, 0)
        let (number, map, range, batch) = (descriptor.number, map, remainder, batch)
        count = Int(
            try system("FS_IOC_FIEMAP") {
                clinux_fiemap(
                    number, UInt64(range.lowerBound), UInt64(range.upperBound - range.lowerBound), map,
                    UInt32(batch))
            })
        return count > 0
    }

    private static func size(_ batch: Int) -> Int { max(2, min(batch, mostRecords)) }
}

extension Extent {
    /// The part of `record` from `offset` to `end`.
    fileprivate init(_ record: fiemap_extent, offset: Int64, end: Int64) {
        func has(_ flag: Int32) -> Bool { record.fe_flags & UInt32(bitPattern: flag) != 0 }
        let state: State =
            if has(FIEMAP_EXTENT_DELALLOC) || has(FIEMAP_EXTENT_UNKNOWN) {
                .delayed
            } else if has(FIEMAP_EXTENT_UNWRITTEN) {
                .unwritten
            } else {
                .written
            }
        let physical = Int64(clamping: record.fe_physical) + (offset - Int64(clamping: record.fe_logical))
        self.init(
            offset: offset, physical: state == .delayed ? 0 : physical, length: end - offset, state: state,
            shared: has(FIEMAP_EXTENT_SHARED) ? end - offset : 0)
    }
}
