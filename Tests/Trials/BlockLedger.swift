import Glibc
import Support
import Synchronization

/// What guests have written to a file, block by block: which versions of a block have been started, which are complete
/// (the call has returned), and which are durable (an fsync after that has returned).
///
/// Each block is filled with one word that names it and its version, so whatever is found in its place says where it
/// comes from. An odd version is a discard: the block reads as zeros.
public final class BlockLedger: Sendable {
    /// Bytes of a block.
    public static let block = 4096
    /// A block's versions that may be found.
    public typealias Promise = ClosedRange<UInt32>

    /// Number of blocks.
    public let count: Int
    /// Which blocks are ever discarded.
    private let isDiscarded: @Sendable (Int) -> Bool
    private let versions: Mutex<Versions>

    private struct Versions {
        var started: [UInt32]
        var complete: [UInt32]
        var durable: [UInt32]
    }

    /// A ledger of `count` blocks, each in version 0, durable.
    init(count: Int, isDiscarded: @escaping @Sendable (Int) -> Bool) {
        self.count = count
        self.isDiscarded = isDiscarded
        let zeros = [UInt32](repeating: 0, count: count)
        versions = Mutex(Versions(started: zeros, complete: zeros, durable: zeros))
    }

    /// A write or discard of `blocks` is about to start. Only one guest writes a block.
    ///
    /// - Returns: the version of each.
    func start(_ blocks: Range<Int>, isDiscard: Bool = false) -> [UInt32] {
        versions.withLock { versions in
            blocks.map { block in
                var next = versions.started[block] + 1
                if (next % 2 == 1) != isDiscard { next += 1 }
                versions.started[block] = next
                return next
            }
        }
    }

    /// It has returned.
    func complete(_ blocks: Range<Int>, _ written: [UInt32]) {
        versions.withLock { versions in
            for (block, version) in zip(blocks, written) { versions.complete[block] = version }
        }
    }

    /// An fsync has returned that began when these were complete.
    func makeDurable(_ writes: [Int: UInt32]) {
        versions.withLock { versions in
            for (block, version) in writes { versions.durable[block] = max(versions.durable[block], version) }
        }
    }

    /// Versions of which something must be found at this moment: the last complete one of each block.
    public var complete: [UInt32] { versions.withLock { $0.complete } }
    /// Versions that must survive a power cut at this moment: the last durable one of each block.
    public var durable: [UInt32] { versions.withLock { $0.durable } }
    /// Newest versions that may be found at this moment.
    public var started: [UInt32] { versions.withLock { $0.started } }

    /// Writes `version` of `block` to `memory`, a block long.
    static func fill(_ memory: UnsafeMutableRawBufferPointer, block: Int, version: UInt32) {
        memory.withMemoryRebound(to: UInt64.self) { $0.update(repeating: word(block, version)) }
    }

    private static let tag: UInt64 = 0xB10C
    private static func word(_ block: Int, _ version: UInt32) -> UInt64 {
        version % 2 == 1 ? 0 : tag << 48 | UInt64(block) << 24 | UInt64(version)
    }

    /// What is wrong with the contents of `block`, of which any word may be of any version in `promise`; `nil` if
    /// nothing.
    func fault(in memory: UnsafeRawBufferPointer, block: Int, promise: Promise) -> String? {
        guard let base = memory.baseAddress, memory.count == BlockLedger.block else {
            return "block \(block) ends after \(memory.count) bytes"
        }
        // Almost always all words are the same.
        let isUniform = memcmp(base, base + 8, memory.count - 8) == 0
        for index in 0..<(isUniform ? 1 : memory.count / 8) {
            let found = memory.load(fromByteOffset: 8 * index, as: UInt64.self)
            if let fault = fault(of: found, block, promise) {
                return "block \(block), byte \(8 * index)\(isUniform ? " and all others" : ""): \(fault)"
            }
        }
        return nil
    }

    private func fault(of word: UInt64, _ block: Int, _ promise: Promise) -> String? {
        let expected = "version \(promise.lowerBound)...\(promise.upperBound) was promised"
        if word == 0 {
            let isDiscard = promise.lowerBound % 2 == 1
            let mayBeZero = isDiscard || (isDiscarded(block) && promise.upperBound > promise.lowerBound)
            return mayBeZero ? nil : "zeros, \(expected)"
        }
        guard word >> 48 == Self.tag else { return "foreign data (\(word)), \(expected)" }
        let (owner, version) = (Int(word >> 24 & 0xFF_FFFF), UInt32(word & 0xFF_FFFF))
        guard owner == block else { return "version \(version) of block \(owner), \(expected)" }
        return promise.contains(version) ? nil : "version \(version), \(expected)"
    }
}
