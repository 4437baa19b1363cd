import XFS

extension Run {
    /// The next record of the map of `file`, in which what only the pin shares is private.
    mutating func nextRecord(of file: borrowing XFS.File) throws(SystemError) -> Extent? {
        try map.next(of: file)?.apart(from: pinned, blockSize: blockSize)
    }

    /// Number of extents of the whole file.
    mutating func countExtents(_ file: borrowing XFS.File) throws(SystemError) -> Int {
        var counter = ExtentCounter()
        map.seek(to: 0..<Int64.max)
        while let record = try map.next(of: file) { counter.add(record) }
        return counter.count
    }
}

extension Extent {
    /// The record as it would be without the pin on the blocks at `pinned`.
    func apart(from pinned: [Int64], blockSize: Int64) -> Extent {
        guard shared > 0, length <= Int64(pinned.count) * blockSize,
            stride(from: offset, to: end, by: Int(blockSize)).allSatisfy(pinned.contains)
        else { return self }
        var extent = self
        extent.shared = 0
        return extent
    }
}
