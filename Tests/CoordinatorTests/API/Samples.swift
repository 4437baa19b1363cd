import Contract
import DefragTypes
import Rollout

@testable import Coordinator
@testable import ReflowAPI

/// One of each thing that the API shows, with everything that it can have.
enum Samples {
    static func name(_ text: String) -> HostName {
        guard let name = HostName(text) else { preconditionFailure("\(text) is no host's name") }
        return name
    }

    static let time = Timestamp(unixSeconds: 1_764_017_000)

    static let slice = SliceProgress(
        task: "november-1-t3-2", job: "november-1", path: "/srv/vm/a.img", offset: .gibibytes(1),
        size: .gibibytes(4),
        rewritten: .mebibytes(640), maxPauseMs: 18.4, seconds: 10)

    static let host = HostStatus(
        name: name("alpha"), isLost: false, hasTwin: nil, lastHeard: time,
        labels: ["rack": "r1", "row": "2"],
        rollout: "november-1",
        state: HostState(
            version: "0.4.0", kernel: "6.18.0", generation: 3, mode: .run,
            fileSystems: [
                .init(uuid: "u-1", mountPoint: "/srv/vm", size: .gibibytes(100), free: .gibibytes(25))
            ],
            running: [slice], surveys: ["s-1"], uptime: 3600, labels: ["rack": "r1", "row": "2"]))

    static let lostHost = HostStatus(name: name("beta"), isLost: true, lastHeard: time)

    static let targets = RolloutStatus.Targets([
        .pending: 10, .inFlight: 1, .backingOff: 2, .done: 9, .skipped: 2, .failed: 1,
    ])

    static let rollout = RolloutStatus(
        id: "november-1", name: "november", phase: .running, pause: nil,
        stage: .init(name: .ramp, step: 2, steps: 4), isOpen: true, opensAt: nil, waitsFor: nil,
        policy: policy("20ms"), overrides: PolicyOverrides(), started: time, ended: nil,
        slots: 2,
        hosts: .init(total: 8, surveying: 0, waiting: 4, active: 2, finished: 2, givenUp: 0, lost: 1),
        targets: targets,
        failures: 1, allowedFailures: 3, bytes: .init(total: .gibibytes(100), behind: .gibibytes(25)),
        extents: .init(before: 500_000, after: 1200), longestPauseMs: 19.2, bytesPerSecond: 104_857_600,
        secondsLeft: 768,
        working: [
            .init(
                name: name("alpha"), isLost: false, isPaused: false, isPausedElsewhere: false,
                targets: .init([.inFlight: 1, .done: 3]),
                bytes: .init(total: .gibibytes(16), behind: .gibibytes(8)), running: [slice]),
            .init(
                name: name("beta"), isLost: true, isPaused: false, isPausedElsewhere: false,
                targets: .init([.pending: 2]),
                bytes: .init(total: .gibibytes(8), behind: .zero), running: []),
        ])

    /// With every field that a rollout can have.
    static let fullRollout: RolloutStatus = {
        var rollout = Samples.rollout
        rollout.pause = .errorBudget
        rollout.opensAt = time
        rollout.ended = time
        rollout.stage.until = time
        rollout.waitsFor = .init(id: "october-1", pause: .operator)
        rollout.overrides = policy("5ms")
        rollout.pauses = .init(count: 3400, over: 12)
        rollout.namesake = "november-0"
        rollout.brokerTrouble = "the broker is away"
        rollout.working[0].deaf = "access refused"
        rollout.working[0].silentSeconds = 60
        (rollout.working[0].queuedSeconds, rollout.working[0].otherJobs) = (40, ["job-1"])
        rollout.deaf = .init(name: name("alpha"), why: "access refused", count: 2)
        rollout.working[0].nextAttempt = time
        return rollout
    }()

    /// One with this longest pause.
    static func policy(_ maxPause: String) -> PolicyOverrides {
        var policy = PolicyOverrides()
        policy.maxPause = Duration(text: maxPause)
        return policy
    }

    static let rolloutHost = RolloutHostStatus(
        name: name("alpha"), phase: .active, labels: ["rack": "r1"], isCanary: true, isPaused: false,
        lostSince: time,
        targets: .init([.inFlight: 1, .done: 2, .failed: 1]),
        bytes: .init(total: .gibibytes(16), behind: .gibibytes(8)),
        extents: .init(before: 1000, after: 12), problems: ["'/srv/vm/b.img' is not a regular file"])

    static func target(number: Int64) -> TargetStatus {
        var result = DefragResult(path: "/srv/vm/\(number).img", status: .failed, reason: .ioError)
        result.extents = .init(before: 1000, after: 40)
        result.pause.maxMs = 12
        let hasFailed = number % 5 == 4
        return TargetStatus(
            number: number, host: name(number < 12 ? "alpha" : "beta"), path: "/srv/vm/\(number).img",
            size: .gibibytes(1),
            extents: 900, gainSeconds: 0.5, state: hasFailed ? .failed : .pending,
            reason: hasFailed ? .ioError : nil,
            notBefore: nil, cursor: .zero, slices: hasFailed ? 3 : 0, result: hasFailed ? result : nil)
    }

    static let survey = SurveyStatus(
        id: "survey-1", isComplete: true,
        hosts: [
            .init(
                name: name("alpha"), state: .finished, message: nil, matched: 3, problems: [], files: [file],
                summary: summary),
            .init(
                name: name("beta"), state: .failed, message: "beta has no worker",
                problems: ["'/x' is not there"]),
        ])

    static let openSurvey = SurveyStatus(
        id: "survey-1", isComplete: false, hosts: [.init(name: name("alpha"))])

    static let file: FileSurvey = {
        var statistics = ExtentStatistics()
        for length in [4096, 4096, 8192] { statistics.count(extentOf: ByteCount(length)) }
        return FileSurvey(
            path: "/srv/vm/a.img", inode: 131, fileSystem: "u-1", size: .kibibytes(16),
            statistics: statistics,
            estimatedReflinkSeconds: 0.003, gainSeconds: 0.002, isCalibrated: true,
            extentSizeHint: .mebibytes(1),
            obstacle: .init(reason: .noDefrag, message: "'/srv/vm/a.img' has the no-defrag flag"))
    }()

    static let summary: SurveySummary = {
        var summary = SurveySummary()
        summary.count(file)
        summary.gainSeconds = 0.002
        summary.reflinkCosts = [.usual(fileSystem: "u-1", because: "there is no space")]
        return summary
    }()

    static let plan = PlanStatus(
        id: "plan-1", name: "november", isComplete: true, answered: 2,
        hosts: [
            .init(
                name: name("alpha"), labels: ["rack": "r1"], stage: "canary", hasAnswered: true, matched: 3,
                files: 2, size: .gibibytes(4),
                extents: 900_000, gainSeconds: 18, problems: []),
            .init(
                name: name("beta"), labels: [:], stage: "none", hasAnswered: true, matched: 0, files: 0,
                size: .zero, extents: 0,
                gainSeconds: 0,
                problems: ["'/x' is not there"]),
        ],
        total: .init(
            hosts: 1, matched: 3, files: 2, size: .gibibytes(4), extents: 900_000, gainSeconds: 18,
            spacePerFileSystem: .mebibytes(16), unshareBudget: .gibibytes(1), seconds: 125),
        warnings: ["no window is open before 2026-11-23 22:00:00Z"])

    static let deadLetter = KeptDeadLetter(
        id: "17", time: time, queue: "reflow.tasks.alpha", reason: "malformed", detail: "no path",
        type: "reflow.task.slice", messageID: "november-1-t3-2", host: name("alpha"), account: "reflow-alpha",
        size: 14,
        body: #"{"job":"none"}"#)

    static let event = LoggedEvent(
        id: 7, time: time, type: "rollout.paused", rollout: "november-1", host: name("alpha"),
        subject: "/srv/vm/a.img",
        text: "november-1 is paused")

    static let audit = AuditEntry(
        id: 1, time: time, who: "root", action: "rollout.set", object: "november-1",
        detail: .object(["maxPause": .string("5ms")]))
}

extension Samples {
    static let request = SurveyRequest(
        hosts: [name("alpha")], paths: ["/srv/vm/**"], minExtents: 100, minSize: .mebibytes(1), top: 20)
}
