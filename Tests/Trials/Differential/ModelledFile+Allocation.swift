import Support

extension ModelledFile {
    /// Changes what is allocated, and how long the file is, by a call of the kind `operation`.
    mutating func allocate(_ operation: Operation, near place: Int64?) {
        let isAligned = Bool.random(using: &random)
        let range = randomRange(unit: isAligned ? blockSize : 1, near: place)
        switch operation {
        case .punch:
            touch(range.clamped(to: 0..<contents.size))
            release(range.clamped(to: 0..<contents.size))
            file.punch(range)
            contents.clear(range)
        case .zero:
            guard fits(range) else { return }
            touch(range)
            file.zero(range)
            if range.upperBound > contents.size { contents.resize(to: range.upperBound) }
            contents.clear(range)
        case .preallocate:
            guard fits(range) else { return }
            touch(range)
            file.preallocate(range)
        case .shorten: resize(to: max(0, contents.size - randomLength()))
        case .lengthen:
            guard contents.size + 4 * blockSize <= Self.largest else { return }
            resize(to: min(Self.largest, contents.size + randomLength()))
        case .collapse: collapse(blocks(of: range))
        case .insert: insert(blocks(of: range))
        default: return
        }
    }

    private mutating func resize(to size: Int64) {
        touchEverything(from: min(size, contents.size))
        file.truncate(to: size)
        contents.resize(to: size)
    }

    private mutating func collapse(_ range: Range<Int64>) {
        guard range.upperBound < contents.size else { return }
        touchEverything(from: range.lowerBound)
        file.collapse(range)
        contents.collapse(range)
    }

    private mutating func insert(_ range: Range<Int64>) {
        guard range.lowerBound < contents.size, contents.size + Int64(range.count) <= Self.largest else {
            return
        }
        touchEverything(from: range.lowerBound)
        file.insert(range)
        contents.insert(range)
    }

    private func blocks(of range: Range<Int64>) -> Range<Int64> {
        let start = range.lowerBound / blockSize * blockSize
        return start..<start + (Int64(range.count) + blockSize - 1) / blockSize * blockSize
    }

    /// Shares blocks of the file itself, or of a backup, at another place of the file.
    mutating func share(near place: Int64?) {
        let backup = backups.indices.randomElement(using: &random)
            .flatMap { Bool.random(using: &random) ? backups[$0] : nil }
        let source = backup?.contents ?? contents
        let blocks = source.size / blockSize
        guard blocks > 0 else { return }
        let count = min(blocks, max(1, randomLength() / blockSize))
        let from = Int64.random(in: 0...(blocks - count), using: &random) * blockSize
        let range = from..<from + count * blockSize
        let to = randomRange(unit: blockSize, near: place).lowerBound
        let target = to..<to + Int64(range.count)
        guard fits(target), backup != nil || !range.overlaps(target) else { return }
        touch(target)
        if let backup {
            file.clone(range, of: TestFile(backup.path), to: to)
        } else {
            file.clone(range, of: file, to: to)
        }
        contents.copy(range, of: source, to: to)
    }
}
