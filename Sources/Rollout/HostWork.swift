public import Contract
import DefragTypes

/// One host of a job. At most one slice of each of its file systems is out at a time.
public struct HostWork: Sendable {
    /// Where the host is in the job.
    public internal(set) var phase: Phase = .asked
    /// The files that the survey found, the one with the most to gain first.
    public internal(set) var files: [FileWork] = []
    /// How many files the survey's patterns matched, those that lie well included.
    public internal(set) var matched = 0
    /// What the survey could not look at.
    public internal(set) var problems: [String] = []
    /// Whether the host works or is paused, as it last said.
    public internal(set) var mode: DesiredState.Mode = .run
    /// The running slices, as the host last said.
    public internal(set) var progress: [SliceProgress] = []

    /// Where a host is in a job.
    public enum Phase: Hashable, Sendable {
        /// Asked for a survey; no sign of life yet.
        case asked
        /// Alive; the survey is under way.
        case surveying
        /// Slices are out or waiting.
        case working
        /// Everything found is done, or cannot be done.
        case finished
        /// The job was stopped before everything was done.
        case stopped
        /// No longer counted on, with the reason in words.
        case lost(String)

        /// Whether the job expects nothing more of the host.
        public var isEnded: Bool {
            switch self {
            case .asked, .surveying, .working: false
            case .finished, .stopped, .lost: true
            }
        }
    }

    /// A slice that is out.
    struct Flight {
        /// Id of its message.
        var task: String
        /// Index into `files`.
        var file: Int
        /// When it was sent, or when the host last said that it runs.
        var since: Duration
    }

    /// Slices that are out, by file system.
    var flights: [String: Flight] = [:]
    /// When the host was last heard, counted from the job's start.
    var lastHeard: Duration = .zero
    /// Pages of the survey so far, by number: a page may come twice.
    var pages: [Int: [FileSurvey]] = [:]
    var surveyTask = ""
    /// When the survey was asked for, or when the host last said that it runs.
    var surveySince: Duration = .zero
    var surveyEnd: SurveyFinished?
    /// The worker is stopping: nothing is sent until it says again that it lives.
    var isLeaving = false

    var mayWork: Bool { phase == .working && mode == .run && !isLeaving }

    /// Takes the survey over into `files` once all of its pages are there.
    mutating func concludeSurvey() -> Bool {
        guard phase == .surveying, let surveyEnd, pages.count >= surveyEnd.pages else { return false }
        // A worker that died in mid-survey may have left more pages than its next answer has.
        let found = pages.filter { $0.key < surveyEnd.pages }.values
        guard found.count == surveyEnd.pages else { return false }
        files = found.joined().sorted { $0.ranksBefore($1) }.map(FileWork.init)
        problems = surveyEnd.problems
        matched = surveyEnd.matched
        pages = [:]
        phase = .working
        return true
    }

    /// The next file of each file system that has no slice out.
    func nextFiles() -> [Int] {
        var busy = Set(flights.keys)
        return files.indices.filter { index in
            !files[index].isEnded && busy.insert(files[index].survey.fileSystem).inserted
        }
    }
}
