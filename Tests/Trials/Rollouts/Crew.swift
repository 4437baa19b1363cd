import Contract
import DefragTypes
import Support

/// Workers that all work for one rollout, each under ``ChunkTrace``, and the commands that steer them.
final class Crew {
    private let coordinator: Coordinator
    private let tap: EventTap
    private let rollout: String
    private let members: [(host: Host, trace: ChunkTrace)]
    private let contents: [String: String]
    /// The state that each host has reported.
    private var generations: [String: Int64] = [:]
    /// When the last command had been carried out.
    private var mark: Double

    /// A file is done: there is nothing left to control.
    struct UsedUp: Error {}

    init(_ count: Int, mebibytes: Int) async throws {
        let fleet = try await Fleet(broker: PrivateBroker())
        coordinator = try Coordinator(fleet)
        try await coordinator.start()
        tap = try await EventTap(fleet, host: "*")
        var members: [(host: Host, trace: ChunkTrace)] = []
        var contents: [String: String] = [:]
        for number in 1...count {
            let host = try await fleet.host("steer-\(number)", mebibytes: mebibytes * 2 + 500)
            let path = try host.makeImage(mebibytes: Int64(mebibytes))
            contents[path] = try checksum(path)
            members.append((host, try ChunkTrace()))
        }
        for (host, trace) in members { try host.start(through: trace.wrapper) }
        self.members = members
        self.contents = contents
        try await coordinator.waitUntilHeard(members.map(\.host))
        rollout = try await coordinator.startRollout(
            """
            name: steering
            targets: {hosts: [steer-*], paths: [\(contents.keys.sorted().joined(separator: ", "))]}
            strategy: {slice: 10m}
            """)
        mark = WallClock.now
    }

    /// The chunks of all since the last command.
    var chunks: [ChunkTrace.Chunk] {
        members.flatMap { $0.trace.chunks.filter { $0.begin >= mark } }
    }

    /// Waits until `suffices` accepts what each worker has rewritten since the last command.
    func wait(_ suffices: ([ChunkTrace.Chunk]) -> Bool) async throws {
        for (host, trace) in members {
            while !suffices(trace.chunks.filter { $0.begin >= mark }) {
                try await Task.sleep(for: .milliseconds(10))
                guard WallClock.now - mark > Self.patience else { continue }
                if try await coordinator.rollout(rollout).targets.done > 0 { throw UsedUp() }
                try Inspection.promise(
                    WallClock.now - mark < 10 * Self.patience,
                    "\(host.name) rewrites nothing: \(trace.chunks.count)")
            }
        }
    }

    /// Seconds after which it is checked whether there is still something to rewrite.
    private static let patience = 6.0

    /// Steers the rollout.
    func tell(_ command: String, _ settings: String...) async throws {
        try await steer([command] + settings)
    }

    private func steer(_ words: [String]) async throws {
        try await coordinator.tell(["rollout", words[0], rollout] + words.dropFirst())
        mark = WallClock.now
    }

    /// Steers the rollout, and adds to `latency` the chunks that are rewritten under the old state, which `isOld` distinguishes
    /// from the new one's.
    func measure(
        _ words: [String], into latency: inout SteeringTrial.Latency, isOld: (ChunkTrace.Chunk) -> Bool
    ) async throws {
        let start = WallClock.now
        try await steer(words)
        let answered = mark
        let known = try await hear(since: start, isPause: words[0] == "pause")
        // Some chunks under the new state are observed, if there are any.
        mark = known.values.max() ?? answered
        if words[0] != "pause" { try await wait { $0.count >= 3 } }
        latency.command.append((answered - start) * 1000)
        for (host, trace) in members {
            let time = known[host.name] ?? start
            let old = trace.chunks.filter { isOld($0) && $0.end > start }
            try Inspection.promise(
                old.allSatisfy { $0.seconds != nil }, "\(host.name) still rewrites a chunk")
            let last = old.last?.end ?? start
            latency.known.append((time - start) * 1000)
            latency.held.append((last - start) * 1000)
            latency.heldAfterAnswer.append(max(0, last - answered) * 1000)
            latency.heldAfterKnown.append(max(0, last - time) * 1000)
            if let seconds = old.last?.seconds { latency.lastChunk.append(seconds * 1000) }
            latency.begunAfter.append(old.count { $0.begin > time })
        }
    }

    /// When each host has reported a newer state than before `start`; with `isPause`, once each has answered its slice.
    private func hear(since start: Double, isPause: Bool) async throws -> [String: Double] {
        let names = Set(members.map(\.host.name))
        var running = isPause ? names : []
        var known: [String: Double] = [:]
        try await tap.hear { said in
            switch said.event {
            case .hostState(let state):
                let time = try WallClock.seconds(said.time)
                if state.generation > generations[said.host] ?? 0 {
                    generations[said.host] = state.generation
                    if time >= start { known[said.host] = time }
                }
            case .sliceFinished(let answer):
                if answer.result.status == .done { throw UsedUp() }
                try Inspection.promise(
                    answer.result.reason == .paused, "\(said.host) was to work on: \(answer.result)")
                running.remove(said.host)
            default: break
            }
            return running.isEmpty && known.count == names.count
        }
        return known
    }

    /// Ends everything, and checks that all contents are unchanged.
    func leave() async throws {
        _ = try await coordinator.ask("rollout", "cancel", rollout, "--yes")
        await tap.close()
        try await coordinator.stop()
        for (host, _) in members {
            try await host.stop()
            try host.disk.refresh()
            for (path, before) in contents where path.hasPrefix(host.disk.path + "/") {
                try Inspection.promise(try checksum(path) == before, "\(path) is not what it was")
            }
        }
    }
}
