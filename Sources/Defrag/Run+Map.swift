import XFS

extension Run {
    /// Reads the map of `range`, in which what only the pin shares is private.
    func readMap(
        of range: Range<Int64>, of file: borrowing XFS.File, batch: Int = File.mapBatch,
        _ body: (Extent) -> Bool
    ) throws(Halt) {
        try halting { () throws(SystemError) in
            try file.readMap(of: range, batch: batch) { body($0.apart(from: pinned, blockSize: blockSize)) }
        }
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
