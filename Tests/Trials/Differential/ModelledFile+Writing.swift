import Glibc
import Support

extension ModelledFile {
    /// Writes random bytes by a call of the kind `operation`.
    mutating func write(_ operation: Operation, near place: Int64?) throws {
        switch operation {
        case .directWrite:
            // Mostly whole blocks; whole sectors at least.
            let unit = Int.random(in: 0..<4, using: &random) > 0 ? blockSize : 512
            let range = randomRange(unit: unit, near: place)
            guard fits(range) else { return }
            write(range, change: range) { $0.direct.write($1, at: range.lowerBound) }
        case .mappedWrite:
            let range = randomRange(unit: 1, near: place).clamped(to: 0..<contents.size)
            guard !range.isEmpty else { return }
            let size = Int(contents.size)
            write(range, change: range, unit: Self.largestFolio) { file, data in
                file.file.withMapping(size) { memory in
                    UnsafeMutableRawBufferPointer(
                        rebasing: memory[Int(range.lowerBound)..<Int(range.upperBound)]
                    ).copyMemory(from: data)
                }
            }
        case .append:
            // Now and then past the end, which leaves a hole.
            let gap = Int.random(in: 0..<4, using: &random) > 0 ? 0 : randomLength()
            let start = contents.size + gap
            let range = start..<start + randomLength()
            guard fits(range) else { return }
            write(range, change: range) { $0.file.write($1, at: range.lowerBound) }
        default:
            let range = randomRange(unit: Bool.random(using: &random) ? blockSize : 1, near: place)
            guard fits(range) else { return }
            write(range, change: range) { $0.file.write($1, at: range.lowerBound) }
        }
    }

    private mutating func write(
        _ range: Range<Int64>, change: Range<Int64>, unit: Int64 = 0,
        _ call: (borrowing ModelledFile, UnsafeRawBufferPointer) -> Void
    ) {
        touch(change, unit: unit)
        withUnsafeTemporaryAllocation(byteCount: range.count + 8, alignment: 4096) { buffer in
            for index in stride(from: 0, to: range.count, by: 8) {
                buffer.storeBytes(of: random.next(), toByteOffset: index, as: UInt64.self)
            }
            let data = UnsafeRawBufferPointer(rebasing: buffer[..<range.count])
            call(self, data)
            contents.write(data, at: range.lowerBound)
        }
    }

    /// Whether the file may grow as far.
    func fits(_ range: Range<Int64>) -> Bool { range.upperBound <= Self.largest }

    /// A length: short ones are as frequent as long ones.
    mutating func randomLength() -> Int64 {
        Int64.random(in: 1...(1 << Int64.random(in: 0...18, using: &random)), using: &random)
    }

    /// A part of the file, in whole units, that may reach a bit behind its end.
    mutating func randomRange(unit: Int64, near place: Int64?) -> Range<Int64> {
        let length = (randomLength() + unit - 1) / unit * unit
        let reach: Int64 = 256 << 10
        let limits =
            place.map { max(0, min($0, contents.size) - reach / 4)...min($0, contents.size) + reach }
            ?? 0...contents.size
        let start = min(Int64.random(in: limits, using: &random), contents.size) / unit * unit
        return start..<start + length
    }
}
