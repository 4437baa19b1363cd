import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

/// Not a test of right and wrong: figures for a fleet of 1,000 hosts with 1,000 files each. Runs when `REFLOW_STORE_FIGURES`
/// names a file: makes the database there, or, if it is there already, measures how a new process takes it up.
@Suite("figures of the store", .enabled(if: StoreFigures.path != nil)) struct StoreFiguresTests {
    @Test("of a million files") func million() async throws {
        let path = try #require(StoreFigures.path)
        if !FileManager.default.fileExists(atPath: path) { try await fill(path) }
        try await takeUp(path)
    }

    private func fill(_ path: String) async throws {
        let store = try Store(path: path)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let names = (0..<1000).map { String(format: "host-%04d", $0) }
        var played = PlayedRollout(hosts: names, at: now)
        let fresh = played.rollout
        try await store.write { try $0.insert(fresh, text: "name: november", at: now) }
        played.handle(.start)
        var inserting = Duration.zero
        for (number, name) in names.enumerated() {
            let files = (0..<1000).map { disk(number, $0) }
            played.answerSurvey(name, files)
            let delta = played.takeDelta()
            inserting += try await ContinuousClock().measure {
                try await store.write { try $0.apply(delta, at: now) }
            }
        }
        report("1,000,000 targets stored in 1,000 transactions", inserting)
        try await slices(store, &played)
        try store.close()
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        print("figure: file size \(ByteCount(size)), \(size / 1_000_000) bytes a target")
    }

    private func disk(_ host: Int, _ number: Int) -> FileSurvey {
        let path = "/srv/vm/customer-\(host)/disk-\(String(format: "%06d", number)).img"
        let fileSystem = "0b8d5c1e-3c1f-4e47-9d0a-\(String(format: "%010d", host))-\(number % 2)"
        return surveyed(
            path, inode: UInt64(number + 100), fileSystem: fileSystem, extents: 1000 + number,
            gain: Double(1000 - number) / 10)
    }

    /// 20,000 answers in batches of 100.
    private func slices(_ store: Store, _ played: inout PlayedRollout) async throws {
        let now = played.now
        var storing = Duration.zero
        for round in 0..<200 {
            for number in 0..<100 {
                let host = (round * 5 + number) % 1000
                guard let target = played.rollout.hosts[host].lanes[0].inFlight else { continue }
                played.answer(target, number % 2 == 0 ? .partial : .done) {
                    $0.nextOffset = .mebibytes(Int64(round + 1))
                    $0.extents = .init(before: 1000, after: 10)
                    $0.bytes.rewritten = .mebibytes(60)
                }
            }
            let delta = played.takeDelta()
            storing += try await ContinuousClock().measure {
                try await store.write { unit in
                    try unit.apply(delta, at: now)
                    for (number, result) in delta.results.enumerated() {
                        _ = try unit.isNew(source: "/hosts/x", id: "\(round)-\(number)", at: now)
                        try unit.log("slice", result.result.path, rollout: "r1", host: named("x"), at: now)
                        try unit.append(
                            .init(
                                exchange: "reflow.tasks", routingKey: "\(number)",
                                messageID: "\(round)-\(number)",
                                contentType: "application/cloudevents+json", type: "reflow.task.slice",
                                body: Array(repeating: 65, count: 500), kind: .slice))
                    }
                    try unit.remove(outbox: unit.read.nextOutgoing(limit: 100).map(\.id))
                }
            }
        }
        report("20,000 answers with their events and messages in 200 transactions", storing)
    }

    private func takeUp(_ path: String) async throws {
        let before = StoreFigures.residentBytes
        let store = try Store(path: path)
        let clock = ContinuousClock()
        var rollout: Rollout?
        let loading = try await clock.measure {
            rollout = try await store.read { try $0.restore("r1", at: Date()) }
        }
        report("rollout restored", loading)
        print("figure: resident \(before) before, \(StoreFigures.residentBytes) after")
        #expect(rollout?.targets.count == 1_000_000)
        let queries: [(String, @Sendable (ReadTransaction) throws -> Int)] = [
            ("list of rollouts", { try $0.rollouts(limit: 50).count }),
            ("show of a rollout", { try $0.rollout("r1").totals.all.targets }),
            ("1,000 hosts of it", { try $0.hosts(of: "r1", limit: 1000).count }),
            ("first 100 targets", { try $0.targets(of: "r1", .init(limit: 100)).count }),
            (
                "100 targets after 900,000",
                { try $0.targets(of: "r1", .init(after: 900_000, limit: 100)).count }
            ),
            ("100 done targets", { try $0.targets(of: "r1", .init(state: .done, limit: 100)).count }),
            ("failed targets: none", { try $0.targets(of: "r1", .init(state: .failed, limit: 100)).count }),
            (
                "done targets of a host",
                { try $0.targets(of: "r1", .init(state: .done, host: named("host-0500"), limit: 100)).count }
            ),
            ("a slice's file", { try $0.file(of: 500_000, in: "r1").path.count }),
            ("last 100 events of a host", { try $0.events(.init(host: named("x"))).count }),
        ]
        for (name, query) in queries {
            var count = 0
            let cold = try await clock.measure { count = try await store.read(query) }
            let warm = try await clock.measure { count = try await store.read(query) }
            report("\(name) (\(count))", cold, warm)
        }
        try store.close()
    }

    private func report(_ what: String, _ durations: Duration...) {
        print("figure: \(what): \(durations.map(\.text).joined(separator: ", again "))")
    }
}

private enum StoreFigures {
    static var path: String? { ProcessInfo.processInfo.environment["REFLOW_STORE_FIGURES"] }

    /// What of this process is in memory: `VmRSS` of proc(5).
    static var residentBytes: ByteCount {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return .kibibytes(Int64(line?.split(separator: " ").dropLast().last ?? "0") ?? 0)
    }
}
