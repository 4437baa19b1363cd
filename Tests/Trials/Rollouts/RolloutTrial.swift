import Glibc
import Support

/// A rollout over real workers on real file systems, through a real broker, with canary, ramp and a cap for each rack,
/// while coordinator, broker and workers are killed at random moments and one host disappears for good.
public struct RolloutTrial: Sendable {
    /// Hosts, two in each rack.
    public var hosts: Int
    /// Files of each, and the size of one in MiB.
    public var images: Int
    public var mebibytes: Int
    /// Seconds that a file takes at least, in two or more slices.
    public var seconds: Int
    /// Nodes of the broker.
    public var nodes: Int
    /// What is done to them.
    public var blows: Blows
    /// Seed of the random choices. The timing depends on the machine.
    public var seed: UInt64

    public init(
        hosts: Int = 8, images: Int = 2, mebibytes: Int = 32, seconds: Int = 8, nodes: Int = 1, blows: Blows,
        seed: UInt64
    ) {
        self.hosts = hosts
        self.images = images
        self.mebibytes = mebibytes
        self.seconds = seconds
        self.nodes = nodes
        self.blows = blows
        self.seed = seed
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// What was done while the rollout went on.
        public var struck = Blows()
        /// Kills of the node that led the queue with the answers.
        public var leaders = 0
        /// Milliseconds from a pause, ordered while a node was down, until no slice ran.
        public var pauses: [Double] = []
        /// The log, in its order.
        public var timeline: Timeline
        /// Hosts whose workers were really working at once, at the most; and of one rack; and the number of observations.
        public var mostAtWork = 0
        public var mostOfRackAtWork = 0
        public var looks = 0
        /// Files that are done, and that have failed with a host that is lost.
        public var done = 0
        public var failed = 0
        /// Slices that were sent.
        public var slices = 0
        /// Extents of the files that are done.
        public var extentsBefore = 0
        public var extentsAfter = 0
        /// Seconds from the start to the end of the rollout.
        public var seconds = 0.0
    }

    /// Runs it; `progress` is called for each kill.
    ///
    /// - Throws: ``Violation`` as soon as a promise is broken.
    public func run(_ progress: @Sendable (String) -> Void = { _ in }) async throws -> Figures {
        let fleet = try await Fleet(nodes: nodes)
        let names = (1...hosts).map { "roll-\($0)" }
        let strategy = Strategy(hosts: names)
        var members: [Host] = []
        var contents: [String: String] = [:]
        for name in names {
            let host = try await fleet.host(
                name, mebibytes: max(320, images * mebibytes * 3 + 200),
                settings: ["REFLOW_LABELS": "rack=\(strategy.racks[name] ?? "")"])
            for image in 1...images {
                let path = try host.makeImage("\(image).img", mebibytes: Int64(mebibytes))
                contents[path] = try checksum(path)
            }
            try host.start()
            members.append(host)
        }
        progress("\(contents.count) files on \(hosts) hosts")
        let disk = blows.freezes > 0 ? try LoopXFS(mebibytes: 320) : nil
        let coordinator = try Coordinator(fleet, on: disk)
        try await coordinator.start()
        try await coordinator.waitUntilHeard(members)

        let start = WallClock.now
        let id = try await coordinator.startRollout(specification(members, strategy))
        let occupancy = Occupancy(of: members, racks: strategy.racks)
        let watcher = Task { await occupancy.watch() }
        defer { watcher.cancel() }
        var storm = Storm(blows, on: members, fleet.nodes, coordinator, seed: seed)
        do { try await storm.rage(over: id, progress) } catch {
            let log = coordinator.log.split(separator: "\n").suffix(12).joined(separator: "\n")
            throw Violation("\(error)\nthe coordinator's log ends:\n\(log)")
        }
        let duration = WallClock.now - start
        watcher.cancel()

        var figures = Figures(timeline: try Timeline(await coordinator.events(id), strategy))
        figures.seconds = duration
        figures.struck = storm.struck
        (figures.leaders, figures.pauses) = (storm.leaders, storm.pauses)
        (figures.mostAtWork, figures.mostOfRackAtWork) = occupancy.most
        figures.looks = occupancy.looks
        try Inspection.promise(
            figures.mostAtWork <= strategy.most && figures.mostOfRackAtWork <= strategy.perRack,
            "\(figures.mostAtWork) hosts worked at once, \(figures.mostOfRackAtWork) of one rack")
        try await account(for: contents, id, lost: storm.lost, coordinator, &figures)
        try await coordinator.stop()
        disk?.close()
        for host in members where host.name != storm.lost { try await host.stop() }
        try inspect(members, contents)
        return figures
    }

    private func specification(_ hosts: [Host], _ strategy: Strategy) -> String {
        """
        name: trial
        targets: {hosts: [roll-*], paths: [\(hosts.map { "\($0.disk.path)/*.img" }.joined(separator: ", "))]}
        policy: {rate: \(mebibytes * 1024 / seconds)KiB, duty: 100%}
        strategy: {
            \(strategy.text),
            slice: \(max(1, seconds / 2 - 1))s, errorBudget: {failures: \(blows.hosts)}, giveUpAfter: 5s}
        """
    }

    /// Everything is done and reported once, except for the remaining work of the lost host.
    private func account(
        for contents: [String: String], _ id: String, lost: String?, _ coordinator: Coordinator,
        _ figures: inout Figures
    ) async throws {
        let rollout = try await coordinator.rollout(id)
        let targets = try await coordinator.targets(id)
        let told = try await coordinator.events(id)
        try Inspection.promise(
            targets.map(\.path).sorted() == contents.keys.sorted(), "not the files of the hosts: \(targets)")
        for target in targets {
            let ends = told.filter {
                $0.subject == target.path && $0.type.hasPrefix("target.") && $0.type != "target.attemptFailed"
            }
            try Inspection.promise(
                ends.map(\.type) == ["target.\(target.state)"],
                "\(target.path) is \(target.state) and its end was reported as \(ends.map(\.type))")
            try Inspection.promise(
                target.state == "done"
                    || (target.state == "failed" && target.reason == "hostLost" && target.host == lost),
                "\(target.host): \(target.path) is \(target.state): \(target.reason ?? "")")
        }
        figures.done = targets.count { $0.state == "done" }
        figures.failed = targets.count { $0.state == "failed" }
        figures.slices = targets.reduce(0) { $0 + $1.slices }
        figures.extentsBefore = rollout.extents.before
        figures.extentsAfter = rollout.extents.after
        let totals = rollout.targets
        try Inspection.promise(
            totals.total == contents.count && totals.done == figures.done && totals.failed == figures.failed
                && totals.skipped == 0,
            "the totals are \(totals)")
        let away = lost.map { [$0] } ?? []
        try Inspection.promise(
            figures.timeline.lost == away && figures.timeline.givenUp == away,
            "lost: \(figures.timeline.lost), given up: \(figures.timeline.givenUp), away: \(away)")
        let watch = try await coordinator.ask("rollout", "watch", id)
        try Inspection.promise(
            watch.end == .exited(lost == nil ? 0 : 1), "rollout watch: \(watch.end)\n\(watch.errors)")
        for target in targets where target.state == "done" {
            let after = try extents(of: target.path)
            try Inspection.promise(after <= mebibytes * 4, "\(target.path) still has \(after) extents")
        }
    }

    /// The contents of the disks are unchanged.
    private func inspect(_ hosts: [Host], _ contents: [String: String]) throws {
        for host in hosts {
            try host.disk.refresh()
            for (path, before) in contents where path.hasPrefix(host.disk.path + "/") {
                try Inspection.promise(try checksum(path) == before, "\(path) is not what it was")
            }
            try host.disk.unmountAndCheck()
        }
    }
}
