public import Contract
public import DefragTypes

/// What has arrived of a host's answer to one survey: its pages, in any order, each perhaps twice, and its end.
public struct SurveyIntake: Sendable {
    private var pages: [Int: [FileSurvey]] = [:]
    private var files = 0
    private var end: SurveyFinished?

    /// Nothing yet.
    public init() {}

    /// Takes in a page. No host has more files to tell than ``SurveyTask/mostFiles``: a page beyond them is left, and the
    /// survey never complete.
    public mutating func take(_ page: SurveyPage) {
        let sum = files - (pages[page.page]?.count ?? 0) + page.files.count
        guard sum <= SurveyTask.mostFiles else { return }
        pages[page.page] = page.files
        files = sum
    }

    /// Takes in the end.
    public mutating func take(_ end: SurveyFinished) { self.end = end }

    /// The end and all files, once every page is there.
    public var answer: (end: SurveyFinished, files: [FileSurvey])? {
        guard let end, pages.count >= end.pages else { return nil }
        // A worker that died in mid-survey may have left more pages than its next answer has.
        let found = (0..<end.pages).compactMap { pages[$0] }
        return found.count == end.pages ? (end, found.flatMap(\.self)) : nil
    }
}
