import Dispatch
import Glibc
import Support
import Synchronization

/// Four guests that write random places of a file for as long as they are let, each in its own way and to blocks of its
/// own, and log every write in a ``BlockLedger``: before it starts, when it has returned, and when an fsync after it has.
public final class GuestLoad: Sendable {
    /// How a guest writes.
    enum Way: Int, CaseIterable, Sendable {
        case buffered, direct, mapped
        /// Discards blocks, and writes them again.
        case discarding
    }

    /// Blocks next to each other that are one guest's.
    private static let group = 16

    /// Who writes `block`.
    static func way(of block: Int) -> Way { Way.allCases[block / group % Way.allCases.count] }

    /// The log.
    public let ledger: BlockLedger
    private let path: String
    private let seed: UInt64
    private let pace: Mutex<Duration>
    private let isDone = Atomic(false)
    private let writes = Atomic(0)
    private let threads = DispatchGroup()

    /// A file of `blocks` blocks at `path`, without writers so far.
    init(newFile path: String, blocks: Int, seed: UInt64) {
        self.path = path
        self.seed = seed
        pace = Mutex(.zero)
        ledger = BlockLedger(count: blocks) { Self.way(of: $0) == .discarding }
        let file = TestFile(path)
        let groups = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: BlockLedger.block)
        defer { groups.deallocate() }
        let perStep = groups.count / BlockLedger.block
        for first in stride(from: 0, to: blocks, by: perStep) {
            let count = min(perStep, blocks - first)
            for index in 0..<count {
                BlockLedger.fill(groups.block(index), block: first + index, version: 0)
            }
            file.write(
                UnsafeRawBufferPointer(rebasing: groups[..<(count * BlockLedger.block)]),
                at: Int64(first * BlockLedger.block))
        }
        file.synchronize()
    }

    /// Lets the guests write, each resting for `pace` after each write; they go on until ``stop()``.
    func start(pace: Duration) {
        isDone.store(false, ordering: .relaxed)
        self.pace.withLock { $0 = pace }
        for way in Way.allCases {
            DispatchQueue(label: "guest").async(group: threads) { self.write(way) }
        }
    }

    /// Changes how long the guests rest after each write.
    func change(pace: Duration) { self.pace.withLock { $0 = pace } }

    /// Ends the guests, each after an fsync.
    func stop() {
        isDone.store(true, ordering: .relaxed)
        threads.wait()
    }

    /// Waits until the guests have written `count` times more.
    func waitForWrites(_ count: Int) {
        let target = writes.load(ordering: .relaxed) + count
        while writes.load(ordering: .relaxed) < target { usleep(1000) }
    }

    /// Writes and discards that have returned so far.
    public var acknowledged: Int { writes.load(ordering: .relaxed) }

    // MARK: A guest

    private func write(_ way: Way) {
        let file = TestFile(path, direct: way == .direct)
        var random = Xorshift(seed: seed &+ UInt64(way.rawValue + 4 * acknowledged))
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.group * BlockLedger.block, alignment: BlockLedger.block)
        defer { buffer.deallocate() }
        if way == .mapped {
            file.withMapping(ledger.count * BlockLedger.block) { memory in
                self.repeatedly(way, &random) { blocks, versions, _ in
                    for (block, version) in zip(blocks, versions) {
                        BlockLedger.fill(memory.block(block), block: block, version: version)
                    }
                } flush: {
                    precondition(
                        msync(memory.baseAddress, memory.count, MS_SYNC) == 0, "msync: error \(errno)")
                }
            }
            return
        }
        repeatedly(way, &random) { blocks, versions, isDiscard in
            let start = Int64(blocks.lowerBound * BlockLedger.block)
            if isDiscard {
                file.punch(start..<Int64(blocks.upperBound * BlockLedger.block))
                return
            }
            for (index, version) in versions.enumerated() {
                BlockLedger.fill(buffer.block(index), block: blocks.lowerBound + index, version: version)
            }
            file.write(
                UnsafeRawBufferPointer(rebasing: buffer[..<(blocks.count * BlockLedger.block)]), at: start)
        } flush: {
            file.synchronize()
        }
    }

    private func repeatedly(
        _ way: Way, _ random: inout Xorshift, store: (Range<Int>, [UInt32], _ isDiscard: Bool) -> Void,
        flush: () -> Void
    ) {
        let ways = Way.allCases.count
        var pending: [Int: UInt32] = [:]
        func makeDurable() {
            flush()
            ledger.makeDurable(pending)
            pending = [:]
        }
        while !isDone.load(ordering: .relaxed) {
            let group =
                Int.random(in: 0..<ledger.count / Self.group / ways, using: &random) * ways + way.rawValue
            // Mostly one block, as the guests of databases do; now and then many.
            let count =
                Int.random(in: 0..<8, using: &random) > 0 ? 1 : Int.random(in: 2...Self.group, using: &random)
            let first = group * Self.group + Int.random(in: 0...(Self.group - count), using: &random)
            let isDiscard = way == .discarding && Int.random(in: 0..<3, using: &random) == 0
            let blocks = first..<first + count
            let versions = ledger.start(blocks, isDiscard: isDiscard)
            store(blocks, versions, isDiscard)
            ledger.complete(blocks, versions)
            for (block, version) in zip(blocks, versions) { pending[block] = version }
            writes.wrappingAdd(1, ordering: .relaxed)
            if pending.count >= 64 || Int.random(in: 0..<16, using: &random) == 0 { makeDurable() }
            let pace = pace.withLock { $0 }
            if pace > .zero { usleep(UInt32(pace / .microseconds(1))) }
        }
        makeDurable()
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The block with this number.
    func block(_ number: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            rebasing: self[(number * BlockLedger.block)..<((number + 1) * BlockLedger.block)])
    }
}
