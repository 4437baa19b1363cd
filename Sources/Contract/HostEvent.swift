public import DefragTypes

/// What a host reports, on the events exchange.
public enum HostEvent: MessageBody, Hashable {
    /// A slice has ended, one way or another.
    case sliceFinished(SliceFinished)
    /// Some of the files that a survey found.
    case surveyPage(SurveyPage)
    /// A survey is complete.
    case surveyFinished(SurveyFinished)
    /// How far the running slices are. Transient: only the latest counts.
    case progress(HostProgress)
    /// What the host is and does. Transient: only the latest counts.
    case hostState(HostState)
    /// An event of a type that this side does not know: newer hosts may send more.
    case unknown(type: String)

    public var type: String {
        switch self {
        case .sliceFinished: "reflow.slice.finished"
        case .surveyPage: "reflow.survey.page"
        case .surveyFinished: "reflow.survey.finished"
        case .progress: "reflow.progress"
        case .hostState: "reflow.host.state"
        case .unknown(let type): type
        }
    }

    public init(type: String, from decoder: any Decoder) throws {
        switch type {
        case "reflow.slice.finished": self = .sliceFinished(try SliceFinished(from: decoder))
        case "reflow.survey.page": self = .surveyPage(try SurveyPage(from: decoder))
        case "reflow.survey.finished": self = .surveyFinished(try SurveyFinished(from: decoder))
        case "reflow.progress": self = .progress(try HostProgress(from: decoder))
        case "reflow.host.state": self = .hostState(try HostState(from: decoder))
        default: self = .unknown(type: type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .sliceFinished(let event): try event.encode(to: encoder)
        case .surveyPage(let event): try event.encode(to: encoder)
        case .surveyFinished(let event): try event.encode(to: encoder)
        case .progress(let event): try event.encode(to: encoder)
        case .hostState(let event): try event.encode(to: encoder)
        case .unknown: break
        }
    }
}

/// The answer to a ``SliceTask``.
public struct SliceFinished: Codable, Hashable, Sendable {
    /// Id of the task's message.
    @Bounded<IDText> public var task: String
    /// The task's job.
    @Bounded<IDText> public var job: String
    /// How it ended, and where to go on.
    public var result: DefragResult
    /// What the next slice of the file is to be given; `nil` if nothing is known, and from workers before contract 1.2.
    public var state: SliceState?

    /// An answer to the slice `task`.
    public init(task: String, job: String, result: DefragResult, state: SliceState? = nil) {
        self.task = task
        self.job = job
        self.result = result
        self.state = state
    }
}

/// A part of the answer to a ``SurveyTask``.
public struct SurveyPage: Codable, Hashable, Sendable {
    /// Id of the task's message.
    @Bounded<IDText> public var task: String
    /// The task's job.
    @Bounded<IDText> public var job: String
    /// Counts from 0.
    @Bounded<PageNumber> public var page: Int
    /// The files of this page, the ones with the most to gain of all pages first.
    @Bounded<Items<100, FileSurvey>> public var files: [FileSurvey]

    /// Most files on a page.
    public static let mostFiles = 100

    /// Page `page` of the answer to the survey `task`.
    public init(task: String, job: String, page: Int, files: [FileSurvey]) {
        self.task = task
        self.job = job
        self.page = page
        self.files = files
    }
}

/// The end of the answer to a ``SurveyTask``; published after all its pages.
public struct SurveyFinished: Codable, Hashable, Sendable {
    /// Id of the task's message.
    @Bounded<IDText> public var task: String
    /// The task's job.
    @Bounded<IDText> public var job: String
    /// Number of pages.
    @Bounded<PageCount> public var pages: Int
    /// Number of files on them.
    @Bounded<Count> public var files: Int
    /// Number of files that match the patterns, including those that are too small or too little fragmented for a page.
    @Bounded<Count> public var matched: Int
    /// What could not be surveyed, in words; the last entry of a full list says how many more there are.
    @Bounded<Texts<50, ProblemText>> public var problems: [String]
    /// Totals of all files that are large and fragmented enough, including those that are on no page.
    public var summary: SurveySummary?

    /// Most problems that are listed.
    public static let mostProblems = 50

    /// The end of the survey `task`.
    public init(
        task: String, job: String, pages: Int, files: Int, matched: Int, problems: [String],
        summary: SurveySummary? = nil
    ) {
        self.task = task
        self.job = job
        self.pages = pages
        self.files = files
        self.matched = matched
        self.problems = problems
        self.summary = summary
    }
}
