import Support
import Testing
import XFS

@testable import Defrag

@Suite("Reading ahead") struct ReadAheadTests {
    private static let size: Int64 = 4 << 20

    private func map(of file: borrowing XFS.File) throws -> [Extent] {
        var cursor = MapCursor(0..<Self.size)
        var map: [Extent] = []
        while let record = try cursor.next(of: file) { map.append(record) }
        return map
    }

    @Test("brings in what is not in memory, in the order of the device, and says how long it took")
    func reads() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
        let file = try openForSurvey(path: path)
        try file.dropPages(of: 0..<Self.size)
        guard var reading = ReadAhead(0..<Self.size, map: try map(of: file), of: file) else {
            throw Tool.Failure(description: "cannot be mapped")
        }
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
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
        let file = try openForSurvey(path: path)
        try file.dropPages(of: 0..<Self.size)
        guard var reading = ReadAhead(0..<Self.size, map: try map(of: file), of: file) else {
            throw Tool.Failure(description: "cannot be mapped")
        }
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
}
