import DefragTypes
import Foundation
import Testing

@testable import Contract

@Suite("The bounds of the contract") struct BoundsTableTests {
    private static let manualFile = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/messages.md").standardized

    @Test("are the constants that programs count by")
    func constants() throws {
        func most(_ message: String, _ field: [String]) throws -> Int? {
            let fields = try #require(BoundsTable.messages.first { $0.name == message }).fields
            guard case .list(let most)? = fields.first(where: { $0.path == field })?.shape else { return nil }
            return most
        }
        #expect(try most("reflow.survey.page", ["files"]) == SurveyPage.mostFiles)
        #expect(try most("reflow.survey.finished", ["problems"]) == SurveyFinished.mostProblems)
        #expect(try most("reflow.slice.finished", ["result", "notes"]) == DefragResult.mostNotes)
    }

    @Test("stand in the manual as the types have them")
    func manual() throws {
        let text = try String(contentsOf: Self.manualFile, encoding: .utf8)
        let begin = "<!-- bounds: written by the tests of the contract -->\n"
        let end = "\n<!-- end of bounds -->"
        let start = try #require(text.range(of: begin)).upperBound
        let rest = text[start...]
        let written = rest[..<(try #require(rest.range(of: end)).lowerBound)]
        guard written != BoundsTable.markdown else { return }
        if ProcessInfo.processInfo.environment["REFLOW_WRITE_DOCS"] != nil {
            let new = text.replacingOccurrences(
                of: begin + written + end, with: begin + BoundsTable.markdown + end)
            try new.write(to: Self.manualFile, atomically: true, encoding: .utf8)
        }
        Issue.record("docs/messages.md differs from the types: REFLOW_WRITE_DOCS=1 writes it anew")
    }
}
