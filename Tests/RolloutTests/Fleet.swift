import Contract
import DefragTypes

@testable import Rollout

/// The host called `slug`.
func name(_ slug: String) -> HostName {
    guard let name = HostName(slug) else { preconditionFailure("\(slug) is no slug") }
    return name
}

/// A fleet that answers a job's tasks as the test says.
struct JobFleet {
    var job: Job
    var now: Duration = .zero

    init(hosts: [String]) {
        job = Job(JobRequest(id: "job", hosts: hosts.map(name), patterns: ["/**"]))
    }

    mutating func input(_ input: Job.Input) -> [Sent] {
        job.handle(input, at: now).map { action in
            switch action {
            case .send(let host, let id, let task): Sent(host: host.description, id: id, task: task)
            }
        }
    }

    mutating func begin() -> [Sent] { input(.start) }

    mutating func hear(_ host: String, _ event: HostEvent) -> [Sent] { input(.heard(name(host), event)) }

    mutating func answerSurvey(_ host: String, files: [FoundFile]) -> [Sent] {
        let task = job.hosts.first { $0.name.description == host }?.work.surveyTask ?? "no such host"
        return hear(
            host, .surveyPage(SurveyPage(task: task, job: "job", page: 0, files: files.map(\.survey))))
            + hear(
                host,
                .surveyFinished(
                    SurveyFinished(
                        task: task, job: "job", pages: 1, files: files.count, matched: files.count,
                        problems: [])))
    }

    mutating func finish(
        _ slice: Sent, _ status: DefragResult.Status = .done, _ reason: Reason? = nil, next: ByteCount? = nil
    ) -> [Sent] {
        var result = DefragResult(path: "/", status: status, reason: reason)
        result.nextOffset = status == .partial ? next : nil
        result.bytes.rewritten = 1024
        return hear(slice.host, .sliceFinished(SliceFinished(task: slice.id, job: "job", result: result)))
    }

    /// Answers `task` in one of the ways in which a worker may.
    mutating func answer(_ task: Sent, using random: inout SplitMix) -> [Sent] {
        guard case .slice(let slice) = task.task else {
            let files = (0..<6).map { FoundFile("/\($0)", extents: 10 + $0, on: "fs\($0 % 2)") }
            return answerSurvey(task.host, files: files)
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return finish(task, .failed, .ioError)
        case 1: return finish(task, .partial, .interrupted, next: slice.from)
        case 2...3: return finish(task, .partial, .timeLimit, next: slice.from + 4096)
        default: return finish(task)
        }
    }

    func isOut(_ sent: Sent) -> Bool {
        job.hosts.contains { host in host.work.flights.values.contains { $0.task == sent.id } }
    }

    func state(mode: DesiredState.Mode = .run) -> HostState {
        HostState(
            version: "test", kernel: "test", generation: 0, mode: mode, fileSystems: [], running: [],
            uptime: 1)
    }
}

/// A task that the job has sent.
struct Sent {
    let host: String
    let id: String
    let task: HostTask

    var isSlice: Bool { if case .slice = task { true } else { false } }

    var fileSystem: String { if case .slice(let slice) = task { slice.fileSystem ?? "" } else { "" } }

    var kind: String {
        switch task {
        case .survey: "survey \(host)"
        case .slice(let slice): "slice \(host) \(slice.path) @\(slice.from.rawValue)"
        }
    }
}

/// A file that a survey finds.
struct FoundFile {
    let survey: FileSurvey

    init(_ path: String, extents: Int, on fileSystem: String = "fs") {
        var statistics = ExtentStatistics()
        for _ in 0..<extents { statistics.count(extentOf: 4096) }
        survey = FileSurvey(
            path: path, inode: 1, fileSystem: fileSystem, size: .mebibytes(1), statistics: statistics,
            estimatedReflinkSeconds: 1)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough for choosing test cases.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
