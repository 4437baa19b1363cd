/// Makes fragmented files.
public enum Fragmenter {
    /// Writes `size` bytes to a new file at `path`, each block in an extent of its own: the blocks of a contiguous
    /// file, shared in another order, whose original is then removed. About 100,000 extents take seconds. Blocks
    /// whose number is not in `isData` stay holes.
    public static func scatter(
        _ path: String, size: Int64, block: Int64 = 4096, seed: UInt64 = 1,
        isData: (Int64) -> Bool = { _ in true }
    ) throws {
        let original = path + ".original"
        do {
            let source = TestFile(original)
            source.fill(0..<size, seed: seed)
            source.synchronize()
            let target = TestFile(path)
            var random = Xorshift(seed: seed)
            let whole = size / block
            for (index, from) in (0..<whole).shuffled(using: &random).enumerated()
            where isData(Int64(index)) {
                target.clone(from * block..<(from + 1) * block, of: source, to: Int64(index) * block)
            }
            if whole * block < size {
                target.clone(whole * block..<size, of: source, to: whole * block)
            }
            target.truncate(to: size)
            target.synchronize()
            // Blocks of a deleted file are released some time later, those of a truncated one at once.
            source.truncate(to: 0)
        }
        try Tool.run("rm", original)
    }

    /// What backups and a guest do to an image of `size` bytes: rounds of a reflink copy `PATH.backupN` and of
    /// `writes` random writes of 4 KiB. The backups are kept.
    public static func backUpAndWrite(
        _ path: String, size: Int64, rounds: Int, writes: Int, direct: Bool = false, seed: UInt64 = 1
    ) throws {
        TestFile(path).fill(0..<size, seed: seed)
        var random = Xorshift(seed: seed)
        let image = TestFile(path, direct: direct)
        for round in 1...rounds {
            image.synchronize()
            try Tool.run("cp", "--reflink=always", path, "\(path).backup\(round)")
            for _ in 0..<writes {
                let offset = Int64.random(in: 0..<size / 4096, using: &random) * 4096
                withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 4096) { block in
                    block.copyBytes(
                        from: repeatElement(UInt8(truncatingIfNeeded: random.next()), count: 4096))
                    image.write(UnsafeRawBufferPointer(block), at: offset)
                }
            }
        }
        image.synchronize()
    }
}
