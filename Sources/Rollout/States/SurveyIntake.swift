public import Contract
public import DefragTypes

/// The part of a host's answer to one survey that has arrived: pages in any order, each perhaps twice, and the end.
public struct SurveyIntake: Sendable {
    private var pages: [Int: [FileSurvey]] = [:]
    private var files = 0
    private var end: SurveyFinished?

    /// Nothing yet.
    public init() {}

    /// Adds a page. One that would make more files than ``SurveyTask/mostFiles`` is ignored: the answer is never complete then.
    public mutating func take(_ page: SurveyPage) {
        let sum = files - (pages[page.page]?.count ?? 0) + page.files.count
        guard sum <= SurveyTask.mostFiles else { return }
        pages[page.page] = page.files
        files = sum
    }

    /// Adds the end.
    public mutating func take(_ end: SurveyFinished) { self.end = end }

    /// The end and all files, once every page has arrived.
    public var answer: (end: SurveyFinished, files: [FileSurvey])? {
        guard let end, pages.count >= end.pages else { return nil }
        // A worker that died during the survey may have sent more pages than its next answer has.
        let found = (0..<end.pages).compactMap { pages[$0] }
        return found.count == end.pages ? (end, found.flatMap(\.self)) : nil
    }
}
