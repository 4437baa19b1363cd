import Glibc
import Support

/// What a file must hold, byte by byte. Whoever changes the file does the same to its model.
struct ContentsModel: Sendable {
    private var bytes: [UInt8] = []

    /// An empty file's.
    init() {}

    /// That of a file which is as it should be.
    init(reading file: borrowing TestFile) {
        bytes = file.read(Int(file.size()), at: 0)
    }

    /// Bytes in it.
    var size: Int64 { Int64(bytes.count) }

    /// pwrite(2); what was behind the end becomes zeros.
    mutating func write(_ data: UnsafeRawBufferPointer, at offset: Int64) {
        guard let source = data.baseAddress else { return }
        if offset + Int64(data.count) > size { resize(to: offset + Int64(data.count)) }
        bytes.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            memcpy(base + Int(offset), source, data.count)
        }
    }

    /// ftruncate(2).
    mutating func resize(to size: Int64) {
        if size < self.size {
            bytes.removeLast(Int(self.size - size))
        } else {
            bytes.append(contentsOf: repeatElement(0, count: Int(size - self.size)))
        }
    }

    /// A hole, or preallocation, instead of what is there; the size stays.
    mutating func clear(_ range: Range<Int64>) {
        let range = range.clamped(to: 0..<size)
        bytes.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress, !range.isEmpty else { return }
            memset(base + Int(range.lowerBound), 0, range.count)
        }
    }

    /// What follows `range` moves up.
    mutating func collapse(_ range: Range<Int64>) {
        bytes.removeSubrange(Int(range.lowerBound)..<Int(range.upperBound))
    }

    /// What is at its start moves behind `range`, which becomes zeros.
    mutating func insert(_ range: Range<Int64>) {
        bytes.insert(contentsOf: repeatElement(0, count: range.count), at: Int(range.lowerBound))
    }

    /// Writes `range` of `source` at `offset`: what sharing it there does.
    mutating func copy(_ range: Range<Int64>, of source: ContentsModel, to offset: Int64) {
        source.bytes.withUnsafeBytes { source in
            write(
                UnsafeRawBufferPointer(rebasing: source[Int(range.lowerBound)..<Int(range.upperBound)]),
                at: offset)
        }
    }

    /// Where and how `found`, read at `offset`, is not what the file must hold; `nil` if it is. Nothing is to be found
    /// behind the end.
    func fault(in found: UnsafeRawBufferPointer, at offset: Int64) -> String? {
        let count = min(found.count, max(0, Int(size - offset)))
        guard count == found.count else {
            return "\(found.count) bytes at \(offset) where \(count) must be"
        }
        return bytes.withUnsafeBytes { bytes in
            guard let expected = bytes.baseAddress.map({ $0 + Int(offset) }), let base = found.baseAddress,
                memcmp(expected, base, count) != 0
            else { return nil }
            let wrong = (0..<count).filter { bytes[Int(offset) + $0] != found[$0] }
            guard let first = wrong.first, let last = wrong.last else { return nil }
            let shows = wrong.allSatisfy { found[$0] == 0 } ? "zeros" : "other data"
            return
                "\(wrong.count) wrong bytes (\(shows)) in \(offset + Int64(first))...\(offset + Int64(last))"
        }
    }

    /// How `file` as a whole is not what it must be; `nil` if it is.
    func fault(in file: borrowing TestFile) -> String? {
        guard file.size() == size else { return "\(file.size()) bytes long instead of \(size)" }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        for offset in stride(from: 0, to: size, by: buffer.count) {
            let count = file.read(into: buffer, at: offset)
            guard count == min(buffer.count, Int(size - offset)) else {
                return "only \(count) bytes at \(offset)"
            }
            if let fault = fault(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset) {
                return fault
            }
        }
        return nil
    }
}
