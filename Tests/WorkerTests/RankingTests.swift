import DefragTypes
import JSON
import Support
import Testing

@testable import Worker

@Suite("The files with the most to gain") struct RankingTests {
    @Test("are those that sorting all of them would put first", arguments: [0, 1, 2, 7, 100, 1000])
    func best(limit: Int) {
        var random = Xorshift(seed: UInt64(limit))
        let files = (0..<500).map { index in
            // Few different gains and sizes, so that all three criteria decide.
            SurveyTableTests.found(
                "/\(index)", Array(repeating: 4096, count: Int.random(in: 0..<4, using: &random)),
                gain: Double(Int.random(in: 0..<5, using: &random)))
        }
        var ranking = Ranking(limit: limit)
        for file in files {
            ranking.add(file)
            #expect(ranking.count <= limit)
        }
        let all = files.sorted {
            if $0.gainSeconds != $1.gainSeconds { return $0.gainSeconds > $1.gainSeconds }
            if $0.statistics.extents != $1.statistics.extents {
                return $0.statistics.extents > $1.statistics.extents
            }
            return $0.path < $1.path
        }
        #expect(ranking.sorted.map(\.path) == all.prefix(limit).map(\.path))
    }

    @Test("are paged to fit into messages, in order, whatever their paths are")
    func pages() throws {
        // A control character takes six bytes of JSON.
        let worst = "/" + String(repeating: "\u{1}", count: 4095)
        let long = (0..<60).map { SurveyTableTests.found("\(worst)\($0)", [4096], obstacle: .immutable) }
        let short = (0..<250).map { SurveyTableTests.found("/\($0)", [4096]) }
        let pages = Array(SurveyPages(long + short))
        #expect(pages.flatMap { $0 } == long + short)
        for page in pages {
            #expect(!page.isEmpty && page.count <= 100)
            #expect(try JSONEncoder().encode(page).count < 700 << 10)
        }
        #expect(pages.count < 12)
        #expect(Array(SurveyPages([])).isEmpty)
    }
}
