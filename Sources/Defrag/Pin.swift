import XFS

/// Keeps a file marked as one that shares blocks for as long as a run lasts: two of its private blocks, far apart, are
/// shared with unnamed files.
///
/// Each unshare ends by looking through the whole map for a shared extent, and takes the mark from a file that has none
/// (xfs_reflink_try_clear_inode_flag, fs/xfs/xfs_reflink.c). With a shared block near the start the search is short.
/// And on Linux before 6.12 (commit 4390f019ad78) taking the mark frees copy-on-write blocks under data that are being
/// written: as long as something stays shared, that cannot happen.
///
/// A guest's write, and an unshare of the chunk around it, part a block from its pin. So the pins are looked at before each
/// chunk, and renewed.
struct Pin: ~Copyable {
    private var first: Stitch
    private var second: Stitch

    /// One shared block.
    private struct Stitch: ~Copyable {
        var keeper: Scratch
        /// Where the block is in the file.
        var offset: Int64?
        /// Whether it is shared with the keeper alone.
        var isOurs = false

        init(_ keeper: consuming Scratch) { self.keeper = keeper }
    }

    /// No block is pinned yet.
    init(beside file: borrowing XFS.File, blockSize: Int64) throws(SystemError) {
        let one = try Scratch(beside: file, blockSize: blockSize)
        let another = try Scratch(beside: file, blockSize: blockSize)
        first = Stitch(one)
        second = Stitch(another)
    }

    /// Sees to it that two blocks are shared, as far as there are two that are written: the first one of the file and
    /// the first one of its second half. What fails leaves a block without a pin.
    mutating func renew(in file: borrowing XFS.File, size: Int64, blockSize: Int64) {
        Self.renew(&first, in: file, within: 0..<size, blockSize: blockSize)
        Self.renew(
            &second, in: file, within: size / 2 / blockSize * blockSize..<size, blockSize: blockSize)
    }

    /// Whether the file stays shared, as far as was seen last, when `range` is unshared.
    func holds(outside range: Range<Int64>) -> Bool {
        [first.offset, second.offset].contains { $0.map { !range.contains($0) } ?? false }
    }

    /// Where the blocks are that are shared with nobody but the pin: the map shows them as shared, and to unshare them
    /// costs nothing.
    var ours: [Int64] {
        [first.isOurs ? first.offset : nil, second.isOurs ? second.offset : nil].compactMap(\.self)
    }

    /// Gives the blocks back.
    mutating func release() throws(SystemError) {
        try first.keeper.release()
        try second.keeper.release()
    }

    private static func renew(
        _ stitch: inout Stitch, in file: borrowing XFS.File, within range: Range<Int64>, blockSize: Int64
    ) {
        let old = stitch.offset
        stitch.offset = nil
        do throws(SystemError) {
            if let old, try isShared(old, of: file, blockSize: blockSize) {
                stitch.offset = old
                return
            }
            try stitch.keeper.release()
            var found: Extent?
            try file.readMap(of: range) { record in
                let isWhole = record.offset % blockSize == 0 && record.offset + blockSize <= range.upperBound
                if record.state == .written && isWhole { found = record }
                return found == nil
            }
            guard let found else { return }
            stitch.isOurs = found.shared == 0
            if stitch.isOurs {
                try stitch.keeper.keep(found.offset..<found.offset + blockSize, of: file)
            }
            stitch.offset = found.offset
        } catch {}
    }

    private static func isShared(
        _ offset: Int64, of file: borrowing XFS.File, blockSize: Int64
    ) throws(SystemError) -> Bool {
        var isShared = false
        try file.readMap(of: offset..<offset + blockSize) { record in
            isShared = record.shared > 0
            return false
        }
        return isShared
    }
}
