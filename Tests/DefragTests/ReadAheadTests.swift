import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

@Suite("Reading ahead") struct ReadAheadTests {
    private static let size: Int64 = 4 << 20

    private let xfs: LoopXFS
    private let path: String

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
    }

    /// Begins to read the file at `path`, of which nothing is in memory.
    private func begin(_ file: borrowing XFS.File) throws -> ReadAhead {
        try file.dropPages(of: 0..<Self.size)
        guard let reading = ReadAhead(0..<Self.size, map: try map(of: file), of: file) else {
            throw Tool.Failure(description: "cannot be mapped")
        }
        return reading
    }

    private func map(of file: borrowing XFS.File) throws -> [Extent] {
        var cursor = MapCursor(0..<Self.size)
        var map: [Extent] = []
        while let record = try cursor.next(of: file) { map.append(record) }
        return map
    }

    @Test("brings in what is not in memory, in the order of the device, and says how long it took")
    func reads() throws {
        let file = try openForSurvey(path: path)
        var reading = try begin(file)
        #expect(reading.absent == [0..<Self.size])
        var samples: [ReadAhead.Sample] = []
        while true {
            let (isUnderWay, sample) = reading.advance(depth: 8)
            guard isUnderWay else { break }
            if let sample { samples.append(sample) }
        }
        // One of two is waited for, at least.
        #expect(samples.count >= Int(Self.size / 4096) / 2)
        #expect(samples.allSatisfy { $0.depth == 8 && $0.latency > .zero })
        let physical = try map(of: file)
        let order = samples.compactMap { sample in
            physical.first { $0.offset <= sample.offset && sample.offset < $0.end }?.physical
        }
        #expect(order == order.sorted())
        let isPresent = ReadAhead(0..<Self.size, map: physical, of: file)?.absent.isEmpty
        #expect(isPresent == true)
    }

    @Test("a rest is not taken for the device's time")
    func rests() throws {
        let file = try openForSurvey(path: path)
        var reading = try begin(file)
        var sample = reading.advance(depth: 8).sample
        #expect(sample != nil)
        reading.lookedAway()
        // Of the eight in flight two are waited for at once, and those after them were asked for later.
        for _ in 0..<3 {
            sample = reading.advance(depth: 8).sample
            #expect(sample == nil)
        }
        sample = reading.advance(depth: 8).sample
        #expect(sample != nil)
    }

    @Test("a window with more extents than are in memory at once is read in parts")
    func parts() throws {
        let size: Int64 = 80 << 20  // 20,480 extents
        let image = xfs.file("large")
        try Fragmenter.scatter(image, size: size)
        let contents = try checksum(image)
        try openForSurvey(path: image).dropPages(of: 0..<size)
        let result = try defragment(image, policy { $0.window = .mebibytes(128) })
        #expect(result.status == .done)
        #expect(result.extents.before > 16_384 && result.extents.after < 64, "\(result.extents)")
        // Of every page, once for each request that was waited for.
        let reads = try #require(result.waits?.count)
        #expect(reads > 1000)
        #expect(try checksum(image) == contents)
    }
}
