import Testing

@testable import Trials

/// The trials are only useful if they find a wrong block.
struct BlockLedgerTests {
    private let ledger = BlockLedger(count: 8) { $0 == 4 }

    private func fault(
        _ block: Int, holding version: UInt32, of owner: Int? = nil, promise: ClosedRange<UInt32>
    )
        -> String?
    {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
        defer { memory.deallocate() }
        BlockLedger.fill(memory, block: owner ?? block, version: version)
        return ledger.fault(in: UnsafeRawBufferPointer(memory), block: block, promise: promise)
    }

    @Test(
        "what was promised passes, what is older, newer, elsewhere or zero does not",
        arguments: [
            (2, 4, 2, 4...4, true), (2, 4, 2, 2...6, true), (2, 2, 2, 4...4, false), (2, 6, 2, 2...4, false),
            (2, 4, 3, 4...4, false), (2, 1, 2, 2...4, false), (4, 1, 4, 0...2, true), (4, 1, 4, 1...1, true),
            (4, 1, 4, 2...2, false),
        ] as [(Int, UInt32, Int, ClosedRange<UInt32>, Bool)])
    func faults(block: Int, version: UInt32, owner: Int, promise: ClosedRange<UInt32>, passes: Bool) {
        #expect((fault(block, holding: version, of: owner, promise: promise) == nil) == passes)
    }

    @Test("one wrong word in a block is found")
    func tornBlock() {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
        defer { memory.deallocate() }
        BlockLedger.fill(memory, block: 1, version: 6)
        memory.storeBytes(of: 0, toByteOffset: 4088, as: UInt64.self)
        #expect(
            ledger.fault(in: UnsafeRawBufferPointer(memory), block: 1, promise: 6...6)?.contains("4088")
                == true)
        #expect(
            ledger.fault(in: UnsafeRawBufferPointer(rebasing: memory[..<512]), block: 1, promise: 6...6)
                != nil)
    }

    @Test("a write is started, then complete, then durable")
    func order() {
        let ledger = BlockLedger(count: 3) { _ in false }
        let written = ledger.start(1..<3)
        #expect((ledger.started, ledger.complete) == ([0, 2, 2], [0, 0, 0]))
        ledger.complete(1..<3, written)
        #expect((ledger.complete, ledger.durable) == ([0, 2, 2], [0, 0, 0]))
        ledger.makeDurable([2: 2])
        #expect(ledger.durable == [0, 0, 2])
        #expect(ledger.start(2..<3, isDiscard: true) == [3])
        #expect(ledger.start(2..<3) == [4])
    }
}
