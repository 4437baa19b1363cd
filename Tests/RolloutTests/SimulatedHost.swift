import Contract
import DefragTypes

@testable import Rollout

/// One host of a ``SimulatedFleet``.
struct SimulatedHost {
    var files: [FileSurvey]
    var labels: [String: String]
    /// Whether its worker is from before contract 1.2.
    var isOld = false
    var isAlive = true
    /// Whether it may work, as it knows.
    var mode = DesiredState.Mode.run
    /// What it was told while it could not be: the last value only.
    var control: DesiredState.Mode?
    /// Slices that run.
    var running: [String: SliceTask] = [:]
    /// What came while it was dead.
    var queue: [Task] = []

    /// What a message asks for.
    struct Task {
        var id: String
        /// `nil` for a survey.
        var slice: SliceTask?
    }

    /// What it says of itself.
    var state: HostState {
        HostState(
            version: "test", kernel: "test", generation: 0, mode: mode,
            fileSystems: ["fs0", "fs1"].map { .init(uuid: $0, mountPoint: "/", size: .zero, free: .zero) },
            running: running.map { id, slice in
                SliceProgress(
                    task: id, job: slice.job, path: slice.path, offset: .zero, size: .zero, rewritten: .zero,
                    maxPauseMs: 0, seconds: 0)
            }, uptime: 1, labels: labels, accepted: isOld ? nil : Array(running.keys))
    }

    /// The answer to its survey.
    func survey(_ task: String) -> [HostEvent] {
        let pages = stride(from: 0, to: files.count, by: 3).map {
            Array(files[$0..<min($0 + 3, files.count)])
        }
        return pages.enumerated().map { .surveyPage(SurveyPage(task: task, job: "r1", page: $0, files: $1)) }
            + [
                .surveyFinished(
                    SurveyFinished(
                        task: task, job: "r1", pages: pages.count, files: files.count, matched: files.count,
                        problems: []))
            ]
    }

    /// It dies; what it had comes again when it is back, as the broker's redelivery.
    mutating func die() {
        isAlive = false
        queue += running.map { Task(id: $0, slice: $1) }
        running = [:]
        mode = .run
    }
}

extension SimulatedFleet {
    /// What happens to hosts, and to what they say.
    struct Nature {
        var failure = 0.05
        var lostAnswer = 0.02
        var duplicate = 0.1
        /// Chance of a host to die within each minute.
        var death = 0.0
        /// Chance of a dead host to stay so.
        var stayingDead = 0.0
        /// Chance of the broker to go away within each minute, and of the clock to leap.
        var outage = 0.0
        var leap = 0.0
        /// Chance of the queue with the answers to be lost within each minute.
        var lostQueue = 0.0
        /// Whether nothing that was told can be forgotten.
        var isCalm: Bool { death == 0 && outage == 0 && leap == 0 }
    }
}
