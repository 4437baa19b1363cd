import Contract
import DefragTypes
import Foundation
import Rollout
import Support

@testable import Coordinator

/// What the tests of the store have in common: a folder, a clock, and a rollout whose hosts the test plays.
struct StoreBench {
    /// A path for a database that does not exist yet.
    let path: String
    /// A time that columns hold exactly.
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    init(_ name: String) throws {
        path = try RunFolder.subfolder(name) + "/coordinator.sqlite"
    }
}

extension Store {
    /// ``writeNow(_:)`` for tests, which may block the thread that they share.
    @discardableResult
    func write<T: Sendable>(_ work: @Sendable (WriteTransaction) throws -> T) async throws -> T {
        try writeNow(work)
    }
}

/// The host called `slug`.
func named(_ slug: String) -> HostName {
    guard let name = HostName(slug) else { preconditionFailure("\(slug) is no slug") }
    return name
}

/// A rollout with everything that has to be stored, driven by hand.
struct PlayedRollout {
    var rollout: Rollout
    /// All that was decided and is not stored yet.
    var decided: [Rollout.Action] = []
    /// The slices that were sent, by their targets.
    var tasks: [Int: String] = [:]
    /// The surveys that were asked for.
    var surveys: [HostName: String] = [:]
    var now: Date

    init(id: String = "r1", hosts: [String], spec: RolloutSpec? = nil, at now: Date) {
        let spec = spec ?? RolloutSpec(name: "november", targets: .init(hosts: ["*"], paths: ["/v/*"]))
        rollout = Rollout(id: id, spec: spec, hosts: hosts.map { (named($0), ["rack": "r-\($0)"]) })
        self.now = now
    }

    mutating func handle(_ event: Rollout.Event) {
        let actions = rollout.handle(event, at: now)
        for action in actions {
            switch action {
            case .survey(let host, let task): surveys[host] = task
            case .slice(let target, let task, _, _, _, _): tasks[target] = task
            default: break
            }
        }
        decided += actions
    }

    mutating func carryOut(_ command: Rollout.Command) throws {
        decided += try rollout.carryOut(command, at: now)
    }

    /// A host answers its survey, in pages of 1,000.
    mutating func answerSurvey(_ name: String, _ files: [FileSurvey]) {
        let task = surveys[named(name)] ?? "none"
        let pages = stride(from: 0, to: files.count, by: 1000).map {
            Array(files[$0..<min($0 + 1000, files.count)])
        }
        for (number, page) in pages.enumerated() {
            handle(
                .heard(
                    named(name), .surveyPage(.init(task: task, job: rollout.id, page: number, files: page))))
        }
        handle(
            .heard(
                named(name),
                .surveyFinished(
                    .init(
                        task: task, job: rollout.id, pages: pages.count, files: files.count,
                        matched: files.count + 1,
                        problems: ["/v/secret: not permitted"]))))
    }

    /// The host of a target answers the slice in flight.
    mutating func answer(
        _ target: Int, _ status: DefragResult.Status, state: SliceState? = nil,
        _ change: (inout DefragResult) -> Void = { _ in }
    ) {
        var result = DefragResult(path: "/v/x", status: status)
        result.inode = 7
        change(&result)
        let name = rollout.hosts[rollout.targets[target].host].name
        handle(
            .heard(
                name,
                .sliceFinished(
                    .init(task: tasks[target] ?? "none", job: rollout.id, result: result, state: state))))
    }

    mutating func takeDelta() -> RolloutDelta {
        defer { decided = [] }
        return rollout.takeDelta(after: decided)
    }
}

/// A file of a survey.
func surveyed(
    _ path: String, inode: UInt64 = 1, fileSystem: String = "fs-1", extents: Int = 1000, gain: Double = 1,
    obstacle: Reason? = nil
) -> FileSurvey {
    var statistics = ExtentStatistics()
    statistics.extents = extents
    return FileSurvey(
        path: path, inode: inode, fileSystem: fileSystem, size: .gibibytes(1), statistics: statistics,
        estimatedReflinkSeconds: gain, gainSeconds: gain,
        obstacle: obstacle.map { .init(reason: $0, message: "in the way") })
}
