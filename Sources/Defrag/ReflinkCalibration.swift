public import DefragTypes
public import XFS

/// Measures what a reflink copy costs on the file system of `folder`: on unnamed files of ours, fragmented for it. A copy
/// of a real file would set its reflink flag and, for that moment, make a guest's writes copy-on-write, which leaves
/// preallocation behind.
///
/// Takes some 0.3 s, 4 MiB of space and 4 MiB of the journal; all is released. Waits while the file system is frozen.
///
/// - Returns: the cost; the usual one, with the reason, where it cannot be measured.
public func measureReflinkCost(in folder: borrowing Folder, fileSystem: String) -> ReflinkCost {
    do throws(SystemError) {
        let space = try folder.space()
        if space.isReadOnly { return .usual(fileSystem: fileSystem, because: "it is mounted read-only") }
        if space.available < ReflinkCalibration.leastFreeSpace {
            return .usual(fileSystem: fileSystem, because: "it has too little free space")
        }
        return try ReflinkCalibration.run(in: folder).cost(fileSystem: fileSystem)
    } catch {
        return .usual(fileSystem: fileSystem, because: "\(error)")
    }
}

/// The times of a number of copies, and what they say.
struct ReflinkCalibration: Hashable {
    /// Extents of the file that was copied.
    var extents: Int
    /// Times of copies of all of its extents.
    var copies: [Duration]
    /// Times of copies of one of its extents.
    var single: [Duration]

    /// With less, guests could run out of space.
    static let leastFreeSpace: Int64 = 64 << 20

    /// The medians: a copy that waited for the journal of others says little about a copy.
    func cost(fileSystem: String) -> ReflinkCost {
        guard extents > 1, let many = copies.median?.inSeconds, let one = single.median?.inSeconds else {
            return .usual(fileSystem: fileSystem, because: "nothing was measured")
        }
        let perExtent = max(0, many - one) / Double(extents - 1)
        guard perExtent > 0 else {
            return .usual(fileSystem: fileSystem, because: "the clock is too coarse")
        }
        return ReflinkCost(
            fileSystem: fileSystem, secondsPerExtent: perExtent, secondsPerCopy: one, isMeasured: true)
    }

    /// Copies a fragmented file repeatedly, one copy behind the other: the cost of the journal shows only after some
    /// thousand extents, and the cost of fewer than a thousand is below that of many.
    static func run(in folder: borrowing Folder) throws(SystemError) -> ReflinkCalibration {
        let clock = ContinuousClock()
        let source = try UnnamedFile(in: folder)
        let blockSize = try source.geometry().blockSize
        let extents = Int(max(64, min(1024, (16 << 20) / blockSize)))
        try fragment(source, extents: extents, blockSize: blockSize, in: folder)
        let copy = try UnnamedFile(in: folder)
        var calibration = ReflinkCalibration(extents: extents, copies: [], single: [])
        for turn in 0..<16 {
            let start = clock.now
            try copy.clone(0..<blockSize, of: source, to: Int64(turn) * blockSize)
            calibration.single.append(clock.now - start)
        }
        try copy.release()
        let length = Int64(extents) * blockSize
        let began = clock.now
        for turn in 0..<8 where turn < 3 || clock.now - began < .milliseconds(500) {
            let start = clock.now
            try copy.clone(0..<length, of: source, to: Int64(turn) * length)
            calibration.copies.append(clock.now - start)
        }
        // Now, and not some time after they are closed, when it would disturb others.
        try copy.release()
        try source.release()
        return calibration
    }

    /// Makes each block of `file` an extent: the blocks of a contiguous file, shared in another order, which is then
    /// released.
    private static func fragment(
        _ file: borrowing UnnamedFile, extents: Int, blockSize: Int64, in folder: borrowing Folder
    ) throws(SystemError) {
        let original = try UnnamedFile(in: folder)
        let piece = [UInt8](repeating: 0, count: 1 << 20)
        let length = Int64(extents) * blockSize
        for offset in stride(from: 0, to: length, by: piece.count) {
            let bytes = min(Int(length - offset), piece.count)
            try original.write(bytes == piece.count ? piece : Array(piece[..<bytes]), at: offset)
        }
        try original.synchronizeData()
        for (index, from) in (0..<Int64(extents)).shuffled().enumerated() {
            try file.clone(
                from * blockSize..<(from + 1) * blockSize, of: original, to: Int64(index) * blockSize)
        }
        try original.release()
    }
}

extension [Duration] {
    fileprivate var median: Duration? { isEmpty ? nil : sorted()[count / 2] }
}
