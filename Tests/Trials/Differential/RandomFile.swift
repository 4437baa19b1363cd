import Support

/// Makes files with unusual layouts.
enum RandomFile {
    /// How a file is begun, before its users go over it.
    private enum Beginning: CaseIterable {
        case empty, whole, scattered, islands
    }

    /// Makes a file at `path`, its backups, and the model of all of them.
    static func make(_ path: String, blockSize: Int64, _ random: inout Xorshift) throws -> ModelledFile {
        let size = randomSize(blockSize, &random)
        let hint = randomHint(blockSize, &random)
        TestFile(path).setHints(
            extents: UInt32(hint), copyOnWrite: UInt32(randomHint(blockSize, &random)))
        try begin(path, size, blockSize, &random)
        var file = ModelledFile(
            path, holding: ContentsModel(reading: TestFile(path)), blockSize: blockSize, hint: hint,
            random: Xorshift(seed: random.next()))
        let mixture = Operation.mixture(&random)
        let count = [0, 10, 100, 300, 1000].randomElement(using: &random) ?? 0
        for _ in 0..<count { try file.perform(mixture.randomElement(using: &random) ?? .append) }
        file.file.synchronize()
        return file
    }

    /// Mostly small, sometimes up to 16 MiB, sometimes at the edge of a block or of an allocation.
    private static func randomSize(_ blockSize: Int64, _ random: inout Xorshift) -> Int64 {
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            let edge = [0, blockSize, 2 * blockSize, 32 * blockSize, 1 << 20].randomElement(using: &random)
            return max(0, (edge ?? 0) + Int64.random(in: -1...1, using: &random))
        case 1, 2: return Int64.random(in: (2 << 20)...(16 << 20), using: &random)
        default:
            return Int64.random(in: 1...(1 << Int64.random(in: 14...21, using: &random)), using: &random)
        }
    }

    /// An allocation size hint in bytes; mostly none.
    private static func randomHint(_ blockSize: Int64, _ random: inout Xorshift) -> Int64 {
        guard Int.random(in: 0..<3, using: &random) == 0 else { return 0 }
        return blockSize * ([1, 3, 4, 16, 64].randomElement(using: &random) ?? 1)
    }

    private static func begin(
        _ path: String, _ size: Int64, _ blockSize: Int64, _ random: inout Xorshift
    ) throws {
        let seed = random.next() >> 8
        switch Beginning.allCases.randomElement(using: &random) ?? .empty {
        case .empty: return
        case .whole: TestFile(path).fill(0..<size, seed: seed)
        case .scattered:
            try Fragmenter.scatter(path, size: size, block: piece(of: size, blockSize, &random), seed: seed)
        case .islands:
            let period = Int64.random(in: 2...64, using: &random)
            let island = Int64.random(in: 1..<period, using: &random)
            try Fragmenter.scatter(
                path, size: size, block: piece(of: size, blockSize, &random), seed: seed
            ) { $0 % period < island }
        }
    }

    /// Whole blocks, of which the file has some thousand at the most: each costs time to place.
    private static func piece(of size: Int64, _ blockSize: Int64, _ random: inout Xorshift) -> Int64 {
        var piece = blockSize * (Int64(1) << Int64.random(in: 0...3, using: &random))
        while size / piece > 2048 { piece *= 2 }
        return piece
    }
}
