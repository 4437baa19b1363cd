import CLinux
import Glibc

extension File {
    /// Most records of one `FS_IOC_FIEMAP` call. XFS holds the file's lock, shared, for the whole call: a batch must
    /// be short for a writer not to notice.
    public static let mapBatch = 512

    /// Reads the map of `range`, in order, batch by batch, and calls `body` with every record until that returns
    /// false. Holes have no record. Records are as the file system keeps them, cut at the ends of `range`, and
    /// stale the moment they are read.
    ///
    /// Never flushes (no `FIEMAP_FLAG_SYNC`): data that are only in memory show as ``Extent/State/delayed``, or as
    /// what they are about to replace.
    ///
    /// - Parameters:
    ///   - range: which part of the file.
    ///   - batch: records of one call: about as many as are needed, as each costs some 2 µs.
    ///   - body: is called with each record.
    /// - Throws: ``SystemError`` of ioctl_fiemap(2).
    public func readMap(
        of range: Range<Int64> = 0..<Int64.max, batch: Int = File.mapBatch, _ body: (Extent) -> Bool
    ) throws(SystemError) {
        try descriptor.readMap(of: range, batch: batch, body)
    }
}

extension Descriptor {
    /// Reads the map of an open file; see ``File/readMap(of:batch:_:)``.
    func readMap(of range: Range<Int64>, batch: Int, _ body: (Extent) -> Bool) throws(SystemError) {
        let batch = max(2, min(batch, File.mapBatch))
        let header = MemoryLayout<fiemap>.size
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: header + batch * MemoryLayout<fiemap_extent>.stride,
            alignment: MemoryLayout<fiemap>.alignment)
        defer { buffer.deallocate() }
        guard let base = buffer.baseAddress else { return }
        let map = base.bindMemory(to: fiemap.self, capacity: 1)
        let records = (base + header).bindMemory(to: fiemap_extent.self, capacity: batch)

        var start = range.lowerBound
        while start < range.upperBound {
            let count = try system("FS_IOC_FIEMAP") {
                clinux_fiemap(
                    number, UInt64(start), UInt64(range.upperBound - start), map,
                    UInt32(batch))
            }
            guard count > 0 else { return }
            let previous = start
            for index in 0..<Int(count) {
                let record = records[index]
                // Some kernels extend a record to whole blocks: cut it to the range that was asked for.
                let offset = max(Int64(record.fe_logical), start)
                let end = min(Int64(record.fe_logical + record.fe_length), range.upperBound)
                guard offset < end else { continue }
                let physical = Int64(record.fe_physical) + offset - Int64(record.fe_logical)
                guard body(Extent(record, offset: offset, physical: physical, length: end - offset)) else {
                    return
                }
                start = end
                if record.fe_flags & UInt32(FIEMAP_EXTENT_LAST) != 0 { return }
            }
            // Never true on a healthy file system; prevents an endless loop.
            if start == previous { return }
        }
    }
}

extension Extent {
    fileprivate init(_ record: fiemap_extent, offset: Int64, physical: Int64, length: Int64) {
        func has(_ flag: Int32) -> Bool { record.fe_flags & UInt32(bitPattern: flag) != 0 }
        let state: State =
            if has(FIEMAP_EXTENT_DELALLOC) || has(FIEMAP_EXTENT_UNKNOWN) {
                .delayed
            } else if has(FIEMAP_EXTENT_UNWRITTEN) {
                .unwritten
            } else {
                .written
            }
        self.init(
            offset: offset, physical: state == .delayed ? 0 : physical, length: length, state: state,
            shared: has(FIEMAP_EXTENT_SHARED) ? length : 0)
    }
}
