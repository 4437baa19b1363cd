import Testing
import XFS

struct ExtentMergerTests {
    private let records = [
        Extent(offset: 0, physical: 1000, length: 10),
        Extent(offset: 10, physical: 1010, length: 10, shared: 10),
        Extent(offset: 20, physical: 1020, length: 10, state: .unwritten),
        Extent(offset: 40, physical: 1030, length: 10),
        Extent(offset: 50, physical: 2000, length: 10),
        Extent(offset: 60, physical: 0, length: 10, state: .delayed),
        Extent(offset: 70, physical: 10, length: 10, state: .delayed),
    ]

    @Test(
        arguments: [
            (ExtentMerger.Rule.neighbours, [30, 10, 10, 10, 10]),
            (.sameState, [20, 10, 10, 10, 10, 10]),
            (.sameStateAndSharing, [10, 10, 10, 10, 10, 10, 10]),
        ] as [(ExtentMerger.Rule, [Int64])])
    func joins(rule: ExtentMerger.Rule, lengths: [Int64]) {
        var merger = ExtentMerger(rule: rule)
        var extents = records.compactMap { merger.add($0) }
        if let last = merger.finish() { extents.append(last) }
        #expect(extents.map(\.length) == lengths)
        #expect(extents.reduce(0) { $0 + $1.shared } == 10)
    }

    @Test func nothingMergesToNothing() {
        var merger = ExtentMerger(rule: .neighbours)
        #expect(merger.finish() == nil)
    }
}
