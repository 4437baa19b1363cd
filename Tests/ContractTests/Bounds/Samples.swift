import Contract
import DefragTypes

/// A message of each kind in which every field has a value.
enum Samples {
    static let json: [String: [UInt8]] = {
        var samples: [String: [UInt8]] = [:]
        for event in events { samples[event.type] = bytes(event) }
        for task in tasks { samples[task.type] = bytes(task) }
        samples["reflow.control.desired"] = bytes(
            DesiredState(generation: 1, mode: .run, policy: policy, hold: hold))
        samples["the envelope"] = bytes(events[3])
        return samples
    }()

    /// Understands a message of the kind `name`.
    static func decode(_ name: String, _ bytes: [UInt8]) throws(ContractError) {
        switch name {
        case "reflow.task.slice", "reflow.task.survey": _ = try Message<HostTask>(json: bytes)
        case "reflow.control.desired": _ = try Message<DesiredState>(json: bytes)
        default: _ = try Message<HostEvent>(json: bytes)
        }
    }

    private static func bytes(_ body: some MessageBody) -> [UInt8] {
        do {
            return try Message(source: "/hosts/alpha", subject: "/a", body: body).json()
        } catch {
            fatalError("\(error)")
        }
    }

    private static let policy: PolicyOverrides = {
        var policy = PolicyOverrides()
        policy.maxPause = .milliseconds(20)
        return policy
    }()

    private static let state: SliceState = {
        var state = SliceState()
        (state.inode, state.extents, state.unshareBudgetLeft, state.unshared) = (3, 4, 5, 6)
        state.allowance = UnshareAllowance(strict: 4096, generous: 8192, costs: [3, 2], slot: 1 << 20)
        state.judgedBy = "preserve 16777216"
        state.unreadable = [ByteRange(from: 4096, to: 8192)]
        state.costs = LockCosts(
            unsharing: .init(mean: 1e-8, deviation: 2e-9, tried: 1_048_576, aim: 0.5),
            cloning: .init(mean: 1e-5, deviation: 1e-6, tried: 64, aim: 0.7))
        return state
    }()

    private static let tasks: [HostTask] = [
        .slice(
            SliceTask(
                job: "j", path: "/a", fileSystem: "u", inode: 3, from: 4096, policy: policy, timeBudget: 30,
                notAfter: Timestamp(unixSeconds: 0), state: state)),
        .survey(SurveyTask(job: "j", patterns: ["/a"], minExtents: 2, minSize: 4096, top: 10)),
    ]

    private static let hold = Hold(
        generation: 7, isHeld: true, since: Timestamp(unixSeconds: 0), by: "ada", why: "disk")

    private static let progress = SliceProgress(
        task: "t", job: "j", path: "/a", offset: 1, size: 2, rewritten: 3, maxPauseMs: 4.5, seconds: 6)

    private static let events: [HostEvent] = {
        var result = DefragResult(path: "/a", status: .partial, reason: .timeLimit, message: "…")
        result.nextOffset = .gibibytes(1)
        result.pause = PauseStatistics(
            count: 3, p50Ms: 0.1, p99Ms: 1.25, p999Ms: 2, maxMs: 3.5, buckets: [.init(upTo: 0.001, count: 2)],
            over: 1)
        result.waits = result.pause
        result.worst = [
            .init(time: Timestamp(unixSeconds: 0), phase: "unshare", offset: 4096, ms: 3.5)
        ]
        result.prediction = .init(rewritten: 1, unshared: 1, extents: 1)
        result.notes = [.init(.hintNotSet, "…")]
        var statistics = ExtentStatistics()
        statistics.count(extentOf: 4096)
        let survey = FileSurvey(
            path: "/a", inode: 3, fileSystem: "u", size: 5, statistics: statistics,
            estimatedReflinkSeconds: 0.5,
            gainSeconds: 0.25, isCalibrated: true, extentSizeHint: 4096, preallocationChanges: 7,
            obstacle: .init(reason: .immutable, message: "…"))
        var summary = SurveySummary()
        summary.count(survey)
        summary.withPreallocation = 1
        summary.thinDevices = [.init(fileSystem: "u", message: "it lies on sand")]
        summary.reflinkCosts = [.usual(fileSystem: "u", because: "it is too full")]
        return [
            .sliceFinished(SliceFinished(task: "t", job: "j", result: result, state: state)),
            .surveyPage(SurveyPage(task: "t", job: "j", page: 1, files: [survey])),
            .surveyFinished(
                SurveyFinished(
                    task: "t", job: "j", pages: 1, files: 1, matched: 1, problems: ["/x: gone"],
                    summary: summary)),
            .progress(HostProgress(running: [progress])),
            .hostState(
                HostState(
                    version: "1", kernel: "6", generation: 5, mode: .pause,
                    fileSystems: [.init(uuid: "u", mountPoint: "/m", size: 10, free: 5)], running: [progress],
                    surveys: ["s"], uptime: 3, labels: ["rack": "r1"], instance: "i", accepted: ["t"],
                    deaf: "no queue", hold: hold, certificateExpires: Timestamp(unixSeconds: 0))),
        ]
    }()
}
