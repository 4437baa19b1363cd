import Contract
import DefragTypes
import Glibc
import Support

/// Three file systems die under a rollout whose error budget allows two failures: it has to pause by itself, and to continue
/// on a command.
public struct BudgetTrial: Sendable {
    /// Hosts, all working at once; more than the three that fail.
    public var hosts: Int
    /// Size of each host's one file in MiB.
    public var mebibytes: Int
    /// Seed of the random choices.
    public var seed: UInt64

    public init(hosts: Int = 8, mebibytes: Int = 32, seed: UInt64) {
        self.hosts = hosts
        self.mebibytes = mebibytes
        self.seed = seed
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// From the third failure, as its worker reported it, until each of the other workers had stopped: milliseconds.
        public var stopped: [Double] = []
        /// Slices that began between the third failure and the operator's command.
        public var begunMeanwhile = 0
        public var done = 0
        public var failed = 0
    }

    private static let allowed = 2
    /// A slice is much longer than the trial: one that ends earlier was stopped.
    private static let slice = 60.0

    /// Runs it.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken.
    public func run(_ progress: (String) -> Void = { _ in }) async throws -> Figures {
        let fleet = try await Fleet(broker: PrivateBroker())
        let coordinator = try Coordinator(fleet)
        try await coordinator.start()
        var members: [Host] = []
        var contents: [String: String] = [:]
        for number in 1...hosts {
            let host = try await fleet.host("budget-\(number)", mebibytes: mebibytes * 3 + 320)
            let path = try host.makeImage(mebibytes: Int64(mebibytes))
            contents[path] = try checksum(path)
            try host.start()
            members.append(host)
        }
        try await coordinator.waitUntilHeard(members)
        let tap = try await EventTap(fleet, host: "*")
        let id = try await coordinator.startRollout(
            """
            name: budget
            targets: {hosts: [budget-*], paths: [\(contents.keys.sorted().joined(separator: ", "))]}
            policy: {rate: 1MiB}
            strategy: {slice: \(Int(Self.slice))s, attempts: 1, errorBudget: {failures: \(Self.allowed)}}
            """)
        let watch = try coordinator.begin("rollout", "watch", id)
        try await allAreLaying(members, tap)

        var figures = Figures()
        var random = Xorshift(seed: seed)
        let sick = Array(members.shuffled(using: &random).prefix(Self.allowed + 1))
        let sound = members.filter { host in !sick.contains { $0 === host } }
        var third = 0.0
        for (index, host) in sick.enumerated() {
            if index == Self.allowed {
                let rollout = try await coordinator.rollout(id)
                try Inspection.promise(
                    rollout.pause == nil && rollout.failures == Self.allowed,
                    "two failures are put up with, but it is \(rollout)")
            }
            try Tool.run("xfs_io", "-x", "-c", "shutdown", host.disk.path)
            third = try await tap.firstSaid { said in
                guard said.host == host.name, case .sliceFinished(let answer) = said.event else { return nil }
                try Inspection.promise(
                    answer.result.status == .failed && answer.result.reason == .ioError,
                    "the slice on a dead file system is \(answer.result)")
                return try WallClock.seconds(said.time)
            }
            progress("\(host.name) has failed")
        }
        figures.stopped = try await stops(of: sound, tap).map { ($0 - third) * 1000 }
        let paused = try await coordinator.rollout(id)
        try Inspection.promise(
            paused.pause == "errorBudget" && paused.failures == Self.allowed + 1
                && paused.allowedFailures == Self.allowed,
            "it has not paused by itself: \(paused)")
        try await nothingRuns(on: sound, tap)
        let begun = sound.map { host in host.worker.map { WorkerLog(of: $0).countBegun() } ?? 0 }
        figures.begunMeanwhile = begun.reduce(0, +) - sound.count

        for host in sick { try host.disk.recover() }
        try await coordinator.tell("rollout", "set", id, "rate=1GiB", "duty=100%")
        try await coordinator.tell("rollout", "resume", id)
        let end = await watch.wait()
        try Inspection.promise(end == .exited(1), "rollout watch: \(end)\n\(watch.output)\(watch.errors)")
        try await account(id, sick, coordinator, &figures)
        await tap.close()
        try await coordinator.stop()
        for host in members {
            try await host.stop()
            try host.disk.refresh()
            for (path, before) in contents where path.hasPrefix(host.disk.path + "/") {
                try Inspection.promise(try checksum(path) == before, "\(path) is not what it was")
            }
            try host.disk.unmountAndCheck()
        }
        return figures
    }

    private func allAreLaying(_ hosts: [Host], _ tap: EventTap) async throws {
        var idle = Set(hosts.map(\.name))
        try await tap.hear { said in
            if case .progress(let progress) = said.event,
                progress.running.contains(where: { $0.rewritten > .zero })
            {
                idle.remove(said.host)
            }
            return idle.isEmpty
        }
    }

    /// When each of `hosts` has said that its slice was paused.
    private func stops(of hosts: [Host], _ tap: EventTap) async throws -> [Double] {
        var running = Set(hosts.map(\.name))
        var times: [Double] = []
        try await tap.hear { said in
            guard running.contains(said.host), case .sliceFinished(let answer) = said.event else {
                return false
            }
            try Inspection.promise(
                answer.result.reason == .paused, "\(said.host) was to pause: \(answer.result)")
            running.remove(said.host)
            times.append(try WallClock.seconds(said.time))
            return running.isEmpty
        }
        return times
    }

    /// Waits until each of `hosts` has said three times that it does nothing.
    private func nothingRuns(on hosts: [Host], _ tap: EventTap) async throws {
        var left = Dictionary(uniqueKeysWithValues: hosts.map { ($0.name, 3) })
        try await tap.hear { said in
            guard let count = left[said.host], case .hostState(let state) = said.event else { return false }
            try Inspection.promise(state.running.isEmpty, "\(said.host) still has \(state.running)")
            left[said.host] = count > 1 ? count - 1 : nil
            return left.isEmpty
        }
    }

    private func account(
        _ id: String, _ sick: [Host], _ coordinator: Coordinator, _ figures: inout Figures
    ) async throws {
        let targets = try await coordinator.targets(id)
        let events = try await coordinator.events(id)
        let names = Set(sick.map(\.name))
        for target in targets {
            let wanted = names.contains(target.host) ? ("failed", "ioError") : ("done", nil)
            try Inspection.promise(
                (target.state, target.reason ?? "") == (wanted.0, wanted.1 ?? ""),
                "\(target.host): \(target.path) is \(target.state): \(target.reason ?? "")")
            try Inspection.promise(
                events.count {
                    $0.subject == target.path && $0.type.hasPrefix("target.")
                        && $0.type != "target.attemptFailed"
                } == 1,
                "the end of \(target.path) was not reported once")
        }
        figures.failed = targets.count { $0.state == "failed" }
        figures.done = targets.count { $0.state == "done" }
        let shown = try await coordinator.tell("rollout", "show", id, "--targets", "--state", "failed")
        let totals = try await coordinator.rollout(id).targets
        try Inspection.promise(
            totals.failed == names.count && totals.done == figures.done
                && sick.allSatisfy { shown.contains($0.name) },
            "rollout show does not show \(names.count) failures:\n\(shown)")
    }
}
