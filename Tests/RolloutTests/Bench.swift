import Contract
import DefragTypes
import Foundation

@testable import Rollout

/// The host called `slug`.
func name(_ slug: String) -> HostName {
    guard let name = HostName(slug) else { preconditionFailure("\(slug) is no slug") }
    return name
}

/// A rollout, and hosts that answer as the test says.
struct Bench {
    var rollout: Rollout
    private var stored: StoredRollout
    var now = Date(timeIntervalSince1970: 1_800_000_000)
    var actions: [Rollout.Action] = []
    /// Whether another rollout is at work on a host.
    var isTaken: (HostName) -> Bool = { _ in false }

    /// Hosts `a`, `b`, … with so many files each, all on one file system, surveyed and under way. Host `a` has the most to
    /// gain. Only the first `answering` are heard of. The first `obstacles` files of each cannot be defragmented.
    init(
        files: [Int], strategy: RolloutSpec.Strategy = .init(), racks: [String]? = nil,
        policy: PolicyOverrides = .init(),
        isPlanOnly: Bool = false, answering: Int = .max, obstacles: Int = 0,
        isTaken: @escaping (HostName) -> Bool = { _ in false }
    ) {
        self.isTaken = isTaken
        let names = files.indices.map { name(String(UnicodeScalar(UInt8(97 + $0)))) }
        let spec = RolloutSpec(
            name: "bench", targets: .init(hosts: ["*"], paths: ["/**"]), policy: policy, strategy: strategy)
        rollout = Rollout(
            id: "r", spec: spec, hosts: names.enumerated().map { ($1, ["rack": racks?[$0] ?? "one"]) },
            isPlanOnly: isPlanOnly)
        stored = StoredRollout(rollout)
        let surveys = take(.start).compactMap {
            if case .survey(let name, let task) = $0 { (name, task) } else { nil }
        }
        for (index, (name, task)) in surveys.enumerated().prefix(answering) {
            let found = (0..<files[index]).map { file in
                FileSurvey(
                    path: "/\(file)", inode: 1, fileSystem: "fs", size: .mebibytes(1),
                    statistics: ExtentStatistics(), estimatedReflinkSeconds: 1,
                    gainSeconds: Double(1000 - index * 100 - file),
                    obstacle: file < obstacles ? .init(reason: .swapFile, message: "") : nil)
            }
            hear(name.description, .surveyPage(SurveyPage(task: task, job: "r", page: 0, files: found)))
            hear(
                name.description,
                .surveyFinished(
                    SurveyFinished(
                        task: task, job: "r", pages: 1, files: found.count, matched: found.count, problems: []
                    )))
        }
    }

    @discardableResult mutating func take(_ event: Rollout.Event) -> [Rollout.Action] {
        took(rollout.handle(event, at: now, isTaken: isTaken))
    }

    @discardableResult mutating func hear(_ host: String, _ event: HostEvent) -> [Rollout.Action] {
        take(.heard(name(host), event))
    }

    mutating func wait(_ seconds: TimeInterval) {
        now += seconds
        take(.tick)
    }

    @discardableResult mutating func carryOut(_ command: Rollout.Command) throws -> [Rollout.Action] {
        took(try rollout.carryOut(command, at: now, isTaken: isTaken))
    }

    /// The process ends, and another one goes on from what was stored.
    mutating func restart() throws {
        rollout = try stored.restored(at: now)
        took(rollout.continueAfterRestart(at: now))
    }

    @discardableResult private mutating func took(_ new: [Rollout.Action]) -> [Rollout.Action] {
        stored.take(new, of: &rollout)
        actions += new
        return new
    }

    /// How many pages of surveys the store has.
    var storedPages: Int { stored.hosts.reduce(0) { $0 + $1.pages.count } }

    /// The targets whose slices are in flight, in the order of the hosts.
    var inFlight: [Int] { rollout.hosts.flatMap { $0.lanes.compactMap(\.inFlight) } }

    /// The hosts that have a slot, as a word.
    var active: String { rollout.hosts.filter { $0.state.phase == .active }.map(\.name.description).joined() }

    /// Ends the slice of the `number`th target.
    @discardableResult mutating func finish(
        _ target: Int, _ status: DefragResult.Status = .done, _ reason: Reason? = nil, next: ByteCount? = nil,
        unshared: ByteCount = .zero, left: ByteCount? = nil
    ) -> [Rollout.Action] {
        var result = DefragResult(path: "/", status: status, reason: reason)
        result.nextOffset = next
        result.bytes.unshared = unshared
        var state = left.map { _ in SliceState() }
        if let left { state?.unshareBudgetLeft = left }
        let host = rollout.hosts[rollout.targets[target].host].name
        return hear(
            host.description,
            .sliceFinished(
                SliceFinished(task: rollout.sliceTask(target), job: "r", result: result, state: state)))
    }

    /// Ends the slices of a host with success until it has none.
    mutating func finishHost(_ host: String) {
        while let target = rollout.hosts[rollout.places[name(host)] ?? 0].lanes.first?.inFlight {
            finish(target)
        }
    }
}

extension Collection<Rollout.Action> {
    /// A slice that was sent.
    typealias Slice = (
        target: Int, task: String, from: ByteCount, seconds: Double, notAfter: Date?,
        unshareBudget: ByteCount?
    )
    var slices: [Slice] {
        compactMap {
            if case .slice(let a, let b, let c, let d, let e, let f) = $0 { (a, b, c, d, e, f) } else { nil }
        }
    }
    var desires: [String] {
        compactMap { if case .desire(let host, let mode, _) = $0 { "\(host) \(mode.rawValue)" } else { nil } }
    }
    var announcements: [Rollout.Announcement] {
        compactMap { if case .announce(let announcement) = $0 { announcement } else { nil } }
    }
}
