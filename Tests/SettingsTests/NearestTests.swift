import Testing

@testable import Settings

@Suite("What a misspelt word may have been meant as")
struct NearestTests {
    private static let known = ["maxPause", "minFree", "sharing", "--max-pause", "--min-free"]

    @Test(arguments: [
        ("maxpause", "maxPause"), ("maxPuase", "maxPause"), ("mnFree", "minFree"),
        ("sharng", "sharing"), ("--max-puase", "--max-pause"), ("--minfree", "--min-free"),
    ])
    func slips(word: String, meant: String) {
        #expect(nearest(to: word, among: Self.known) == meant)
    }

    @Test(arguments: ["", "x", "frequency", String(repeating: "maxPause", count: 100)])
    func nothingLike(word: String) {
        #expect(nearest(to: word, among: Self.known) == nil)
    }

    @Test("Of two that are alike, the nearer one")
    func nearer() {
        #expect(nearest(to: "keepRollout", among: ["keepRollups", "keepRollouts"]) == "keepRollouts")
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("ab", "ba", 1), ("äx", "x", 1)])
    func distance(left: String, right: String, distance: Int) {
        #expect(editDistance(Array(left), Array(right)) == distance)
        #expect(editDistance(Array(right), Array(left)) == distance)
    }
}

@Suite("What is a label")
struct LabelTests {
    @Test(arguments: ["r1", "R_1.a-b", "0", String(repeating: "x", count: 63)])
    func label(text: String) { #expect(isLabel(text)) }

    @Test(arguments: ["", "ä", "a b", "a=b", "a/b", "a\n", String(repeating: "x", count: 64)])
    func none(text: String) { #expect(!isLabel(text)) }
}
