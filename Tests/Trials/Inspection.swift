import Glibc
import Support

/// A promise that was broken.
public struct Violation: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Compares files with their expected contents.
enum Inspection {
    /// Reads the file at `path` as a whole and compares each block with what the ledger promises for it.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - ledger: the log of its guests.
    ///   - floor: the versions that must be there, or newer ones.
    ///   - ceiling: the newest versions that may be there, asked for after each part has been read.
    ///   - direct: past the page cache.
    /// - Throws: ``Violation`` that names the first wrong blocks.
    static func compare(
        _ path: String, with ledger: BlockLedger, floor: [UInt32], ceiling: () -> [UInt32],
        direct: Bool = false
    ) throws {
        let file = TestFile(path, direct: direct)
        let expected = Int64(ledger.count * BlockLedger.block)
        guard file.size() == expected else {
            throw Violation("\(path) is \(file.size()) bytes long instead of \(expected)")
        }
        let step = 1 << 20
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: BlockLedger.block)
        defer { buffer.deallocate() }
        var faults: [String] = []
        for first in stride(from: 0, to: ledger.count, by: step / BlockLedger.block) {
            let count = file.read(into: buffer, at: Int64(first * BlockLedger.block)) / BlockLedger.block
            let newest = ceiling()
            for index in 0..<count {
                let block = first + index
                let fault = ledger.fault(
                    in: UnsafeRawBufferPointer(buffer.block(index)), block: block,
                    promise: floor[block]...max(floor[block], newest[block]))
                if let fault { faults.append("\(fault) (\(GuestLoad.way(of: block)) guest)") }
            }
        }
        guard faults.isEmpty else {
            throw Violation("\(path): \(faults.count) blocks: \(faults.prefix(8).joined(separator: "; "))")
        }
    }

    /// How many blocks of the file at `path` are older than `versions`.
    static func older(_ path: String, than versions: [UInt32], _ ledger: BlockLedger) throws -> Int {
        let file = TestFile(path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: BlockLedger.block, alignment: BlockLedger.block)
        defer { buffer.deallocate() }
        return versions.enumerated().reduce(0) { count, entry in
            _ = file.read(into: buffer, at: Int64(entry.offset * BlockLedger.block))
            let promise = entry.element...UInt32.max
            let fault = ledger.fault(
                in: UnsafeRawBufferPointer(buffer), block: entry.offset, promise: promise)
            return count + (fault == nil ? 0 : 1)
        }
    }

    /// Throws a ``Violation`` with `description` unless `isKept`.
    static func promise(_ isKept: Bool, _ description: @autoclosure () -> String) throws {
        guard isKept else { throw Violation(description()) }
    }
}
