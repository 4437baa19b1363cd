import Testing

@testable import AMQP

@Suite struct ContentAssemblerTests {
    private let head = ContentAssembler.Head.delivery(
        DeliveryHead(consumerTag: "c", tag: 1, isRedelivered: false, exchange: "e", routingKey: "k"))

    private func begin(_ assembler: inout ContentAssembler) -> Bool { assembler.begin(head) }

    private func header(
        _ assembler: inout ContentAssembler, _ bodySize: UInt64
    ) throws -> ContentAssembler.Content? {
        try assembler.header(bodySize: bodySize, MessageProperties())
    }

    private func feed(
        _ assembler: inout ContentAssembler, _ frames: [[UInt8]]
    ) throws -> [ContentAssembler.Content] {
        try frames.compactMap { frame in try frame.withUnsafeBytes { try assembler.body($0) } }
    }

    @Test func aBodyInSeveralFrames() throws {
        var assembler = ContentAssembler(maxBodySize: 10)
        #expect(begin(&assembler))
        #expect(try header(&assembler, 5) == nil)
        #expect(assembler.isInside)
        let contents = try feed(&assembler, [[1, 2], [3], [4, 5]])
        #expect(contents.map(\.body) == [.complete([1, 2, 3, 4, 5])])
        #expect(!assembler.isInside)
    }

    @Test func anEmptyBodyHasNoFrames() throws {
        var assembler = ContentAssembler(maxBodySize: 10)
        #expect(begin(&assembler))
        #expect(try header(&assembler, 0)?.body == .complete([]))
    }

    @Test(arguments: [(10, false), (11, true)])
    func onlyBodiesWithinTheLimitAreKept(size: Int, isTooLarge: Bool) throws {
        var assembler = ContentAssembler(maxBodySize: 10)
        #expect(begin(&assembler))
        #expect(try header(&assembler, UInt64(size)) == nil)
        let body = [UInt8](repeating: 7, count: size)
        let contents = try feed(&assembler, [Array(body.prefix(6)), Array(body.dropFirst(6))])
        #expect(contents.map(\.body) == [isTooLarge ? .tooLarge(size: UInt64(size)) : .complete(body)])
        // And the next one is not disturbed.
        #expect(begin(&assembler))
        #expect(try header(&assembler, 1) == nil)
        #expect(try feed(&assembler, [[9]]).map(\.body) == [.complete([9])])
    }

    @Test func anImpossibleSizeAllocatesNothing() throws {
        var assembler = ContentAssembler(maxBodySize: 1 << 20)
        #expect(begin(&assembler))
        #expect(try header(&assembler, UInt64.max) == nil)
        #expect(try feed(&assembler, [[1], [2]]).isEmpty)
    }

    @Test func framesOutOfOrderAreNoticed() throws {
        var assembler = ContentAssembler(maxBodySize: 10)
        #expect(throws: ContentAssembler.OutOfOrder.self) {
            try header(&assembler, 1)
        }
        #expect(throws: ContentAssembler.OutOfOrder.self) { try feed(&assembler, [[1]]) }
        #expect(begin(&assembler))
        #expect(!begin(&assembler))
        #expect(try header(&assembler, 1) == nil)
        #expect(throws: ContentAssembler.OutOfOrder.self) { try feed(&assembler, [[1, 2]]) }
    }
}
