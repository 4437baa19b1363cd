public import Contract
import DefragTypes

/// A one-off job over several hosts, as a pure state machine: survey every host, then send slices, at most one for
/// each file system of a host, until every file is done.
///
/// The driver feeds it what happened and when, as time since the start, and carries out what it returns. Answers
/// may come late, twice or never: an answer counts only while its task is out.
public struct Job: Sendable {
    /// What happened.
    public enum Input: Sendable {
        /// The job begins.
        case start
        /// A believed event of a host.
        case heard(HostName, HostEvent)
        /// Tasks do not reach a host: why, as a sentence about it.
        case undeliverable(HostName, String)
        /// A task ended among the dead letters.
        case deadLettered(task: String, reason: String)
        /// The broker is there again after an absence, in which no host could be heard.
        case reconnected
        /// Time has passed; about once a second.
        case tick
        /// The operator wants no more slices to start.
        case stop
    }

    /// What is to be done.
    public enum Action: Hashable, Sendable {
        /// Publish a task to a host, with this message id.
        case send(HostName, id: String, HostTask)
    }

    /// What the job is to do.
    public let request: JobRequest
    /// The hosts, in the order of the request.
    public private(set) var hosts: [(name: HostName, work: HostWork)]
    /// Whether the operator has stopped it.
    public private(set) var isStopping = false
    private var taskCount = 0
    /// How long a living host may say nothing of its survey: others may be before it in the queue.
    private static let surveyPatience = Duration.seconds(600)

    /// A job that has not begun.
    public init(_ request: JobRequest) {
        self.request = request
        hosts = request.hosts.map { ($0, HostWork()) }
    }

    /// Whether nothing more is expected of any host.
    public var isEnded: Bool { hosts.allSatisfy { $0.work.phase.isEnded } }

    /// Takes in what happened at `now`, the time since the start, and says what is to be done.
    public mutating func handle(_ input: Input, at now: Duration) -> [Action] {
        switch input {
        case .start:
            return hosts.indices.map { survey($0) }
        case .heard(let name, let event):
            guard let host = index(of: name) else { return [] }
            return heard(event, from: host, at: now)
        case .undeliverable(let name, let why):
            guard let host = index(of: name), !hosts[host].work.phase.isEnded else { return [] }
            lose(host, why)
            return []
        case .deadLettered(let task, let reason):
            return deadLettered(task, reason, at: now)
        case .reconnected:
            for host in hosts.indices {
                hosts[host].work.lastHeard = now
                hosts[host].work.surveySince = now
            }
            return []
        case .tick:
            return hosts.indices.flatMap { tick($0, at: now) }
        case .stop:
            isStopping = true
            for host in hosts.indices { settle(host) }
            return []
        }
    }

    // MARK: - Events

    private mutating func heard(_ event: HostEvent, from host: Int, at now: Duration) -> [Action] {
        guard !hosts[host].work.phase.isEnded else { return [] }
        hosts[host].work.lastHeard = now
        if hosts[host].work.phase == .asked { hosts[host].work.phase = .surveying }
        switch event {
        case .surveyPage(let page):
            guard page.task == hosts[host].work.surveyTask else { return [] }
            hosts[host].work.pages[page.page] = page.files
        case .surveyFinished(let end):
            guard end.task == hosts[host].work.surveyTask else { return [] }
            hosts[host].work.surveyEnd = end
        case .sliceFinished(let answer):
            sliceFinished(answer, host)
        case .progress(let progress):
            running(progress.running, host, at: now)
        case .hostState(let state):
            hosts[host].work.mode = state.mode
            hosts[host].work.isLeaving = false
            if state.surveys.contains(hosts[host].work.surveyTask) { hosts[host].work.surveySince = now }
            running(state.running, host, at: now)
        case .unknown:
            return []
        }
        _ = hosts[host].work.concludeSurvey()
        return dispatch(host, at: now)
    }

    private mutating func sliceFinished(_ answer: SliceFinished, _ host: Int) {
        let flight = hosts[host].work.flights.first { $0.value.task == answer.task }
        guard let flight else { return }  // late or twice
        hosts[host].work.flights[flight.key] = nil
        if answer.result.reason == .paused { hosts[host].work.mode = .pause }
        if answer.result.reason == .interrupted { hosts[host].work.isLeaving = true }
        _ = hosts[host].work.files[flight.value.file].take(answer.result)
    }

    private mutating func running(_ slices: [SliceProgress], _ host: Int, at now: Duration) {
        hosts[host].work.progress = slices.filter { $0.job == request.id }
        for (fileSystem, flight) in hosts[host].work.flights
        where slices.contains(where: { $0.task == flight.task }) {
            hosts[host].work.flights[fileSystem]?.since = now
        }
    }

    private mutating func deadLettered(_ task: String, _ reason: String, at now: Duration) -> [Action] {
        for host in hosts.indices where !hosts[host].work.phase.isEnded {
            if hosts[host].work.surveyTask == task {
                lose(host, "could not handle the survey: \(reason)")
                return []
            }
            if let flight = hosts[host].work.flights.first(where: { $0.value.task == task }) {
                hosts[host].work.flights[flight.key] = nil
                hosts[host].work.files[flight.value.file].fail(
                    .deadLettered, "the worker could not handle it: \(reason)")
                return dispatch(host, at: now)
            }
        }
        return []
    }

    private mutating func tick(_ host: Int, at now: Duration) -> [Action] {
        let work = hosts[host].work
        let silence = now - work.lastHeard
        switch work.phase {
        case .asked where silence >= request.answerWithin:
            lose(
                host,
                "did not answer within \(request.answerWithin.text): is its worker running, and connected to this broker?"
            )
        case .surveying where silence >= request.lostAfter, .working where silence >= request.lostAfter:
            lose(host, "has said nothing for \(request.lostAfter.text): is its worker still running?")
        case .surveying where now - work.surveySince >= Self.surveyPatience:
            lose(
                host,
                "lives but does not begin the survey: does another worker hold its queue, or does it have no queue?"
            )
        case .working:
            // The host lives but says nothing of the slice: its message or its answer was lost.
            let patience = Duration.seconds(2 * request.sliceBudget + 120)
            for (fileSystem, flight) in work.flights where now - flight.since >= patience {
                hosts[host].work.flights[fileSystem] = nil
                _ = hosts[host].work.files[flight.file].miss("three slices in a row were not answered")
            }
            return dispatch(host, at: now)
        default: break
        }
        return []
    }

    // MARK: - Decisions

    private mutating func dispatch(_ host: Int, at now: Duration) -> [Action] {
        var actions: [Action] = []
        if hosts[host].work.mayWork && !isStopping {
            for file in hosts[host].work.nextFiles() {
                let work = hosts[host].work.files[file]
                let id = nextTaskID()
                hosts[host].work.flights[work.survey.fileSystem] = .init(task: id, file: file, since: now)
                let slice = SliceTask(
                    job: request.id, path: work.survey.path, fileSystem: work.survey.fileSystem,
                    inode: work.survey.inode, from: work.cursor, policy: work.remaining(of: request.policy),
                    timeBudget: request.sliceBudget)
                actions.append(.send(hosts[host].name, id: id, .slice(slice)))
            }
        }
        settle(host)
        return actions
    }

    /// Ends the host when nothing is out and nothing more will be sent.
    private mutating func settle(_ host: Int) {
        let work = hosts[host].work
        guard !work.phase.isEnded, work.flights.isEmpty else { return }
        if work.phase == .working && work.files.allSatisfy(\.isEnded) {
            hosts[host].work.phase = .finished
        } else if isStopping {
            hosts[host].work.phase = .stopped
        }
    }

    private mutating func survey(_ host: Int) -> Action {
        let id = nextTaskID()
        hosts[host].work.surveyTask = id
        let task = SurveyTask(job: request.id, patterns: request.patterns, minExtents: request.minExtents)
        return .send(hosts[host].name, id: id, .survey(task))
    }

    private mutating func lose(_ host: Int, _ why: String) {
        hosts[host].work.phase = .lost(why)
        hosts[host].work.flights = [:]
    }

    private mutating func nextTaskID() -> String {
        taskCount += 1
        return "\(request.id)-\(taskCount)"
    }

    private func index(of name: HostName) -> Int? { hosts.firstIndex { $0.name == name } }
}
