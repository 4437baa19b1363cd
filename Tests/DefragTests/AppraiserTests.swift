import Support
import Testing

@testable import Defrag

/// Rows of extents, each given by its shared bytes.
struct AppraiserTests {
    /// The stretches that it finds worthwhile, as ranges of indices.
    private func stretches(_ row: [Int64], price: Int64) -> [Range<Int>] {
        var appraiser = Appraiser(price: price)
        var found: [Range<Int>] = []
        var start = 0
        var settled: Int?
        for (index, shared) in row.enumerated() {
            switch appraiser.add(shared: shared) {
            case .starts:
                if let end = settled { found.append(start..<end) }
                (start, settled) = (index, nil)
            case .pends: break
            case .settles: settled = index + 1
            }
        }
        if let end = settled { found.append(start..<end) }
        return found
    }

    @Test(
        arguments: [
            ([], 10, []),
            ([0], 10, []),
            ([0, 0], 10, [0..<2]),
            // An extent between two private ones saves two.
            ([0, 19, 0], 10, [0..<3]),
            ([0, 20, 0], 10, []),
            // One at the end of a row saves one.
            ([0, 9], 10, [0..<2]),
            ([0, 10], 10, []),
            // The first extent of a row saves nothing by itself, so that it is expensive.
            ([6, 6, 6], 10, [0..<3]),
            ([6, 6], 10, []),
            // An extent that is too expensive separates the others.
            ([0, 3, 3, 50, 3, 3, 0], 10, [0..<3, 4..<7]),
            // Expensive ones are bridged where enough is behind them.
            ([0, 3, 3, 15, 3, 3, 0], 10, [0..<7]),
            ([0, 0, 5, 14, 5, 14, 5, 40, 0], 10, [0..<7]),
            ([1 << 40, 1 << 40, 1 << 40], Appraiser.unlimited, [0..<3]),
            // At the least price, only what is private is worth it.
            ([0, 0, 4096, 0, 0], 1, [0..<2, 3..<5]),
        ] as [([Int64], Int64, [Range<Int>])])
    func findsWhatIsWorthItsPrice(row: [Int64], price: Int64, expected: [Range<Int>]) {
        #expect(stretches(row, price: price) == expected)
    }

    /// The value of `stretches`: extents saved, less the shared bytes, at `price` bytes an extent.
    private func worth(of stretches: [Range<Int>], in row: [Int64], price: Int64) -> Int64 {
        stretches.reduce(0) { sum, stretch in
            sum + Int64(stretch.count - 1) * price - row[stretch].reduce(0, +)
        }
    }

    @Test func noOtherSelectionIsWorthMore() {
        var random = Xorshift(seed: 7)
        for _ in 0..<300 {
            let row = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Bool.random(using: &random) ? 0 : Int64.random(in: 1...30, using: &random)
            }
            let price = Int64.random(in: 1...20, using: &random)
            let best = (0..<1 << row.count).map { choice in
                // Every way to choose extents; neighbours are one stretch.
                var stretches: [Range<Int>] = []
                for index in row.indices where choice >> index & 1 == 1 {
                    if let last = stretches.last, last.upperBound == index {
                        stretches[stretches.count - 1] = last.lowerBound..<index + 1
                    } else {
                        stretches.append(index..<index + 1)
                    }
                }
                return worth(of: stretches, in: row, price: price)
            }.max()
            let found = stretches(row, price: price)
            #expect(worth(of: found, in: row, price: price) == best, "\(row) at \(price): \(found)")
        }
    }
}
