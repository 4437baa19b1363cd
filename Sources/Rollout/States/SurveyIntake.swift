public import Contract
public import DefragTypes

/// The part of a host's answer to one survey that has arrived: pages in any order, each perhaps twice, and the end.
public struct SurveyIntake: Sendable {
    private var pages: [Int: [FileSurvey]] = [:]
    private var files = 0
    private var bytes = 0
    private var end: SurveyFinished?

    /// Most bytes of the texts of all files together.
    public static let mostBytes = 32 << 20

    /// What a host does whose answer would have more, as the predicate of a sentence about it.
    public static let excess = "answers its survey with more than a survey can hold"

    /// What became of a page.
    public enum Taken: Sendable {
        case added
        /// It has arrived before.
        case known
        /// It was ignored, as with it the answer would have more than ``SurveyTask/mostFiles`` or
        /// ``mostBytes``: it is never complete.
        case tooMuch
    }

    /// Nothing yet.
    public init() {}

    var hasPages: Bool { !pages.isEmpty }

    /// Adds a page. It replaces one of the same number.
    @discardableResult public mutating func take(_ page: SurveyPage) -> Taken {
        let old = pages[page.page]
        guard old != page.files else { return .known }
        let files = files - (old?.count ?? 0) + page.files.count
        let bytes = bytes - (old?.textBytes ?? 0) + page.files.textBytes
        guard files <= SurveyTask.mostFiles, bytes <= Self.mostBytes,
            (0..<SurveyTask.mostFiles).contains(page.page)
        else { return .tooMuch }
        pages[page.page] = page.files
        (self.files, self.bytes) = (files, bytes)
        return .added
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

extension [FileSurvey] {
    fileprivate var textBytes: Int {
        reduce(0) {
            let obstacle = $1.obstacle.map { $0.reason.rawValue.utf8.count + $0.message.utf8.count }
            return $0 + $1.path.utf8.count + $1.fileSystem.utf8.count + (obstacle ?? 0)
        }
    }
}
