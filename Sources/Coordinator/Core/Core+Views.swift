import Contract
import DefragTypes
import Foundation
import Rollout

/// What operators see.
extension Core {
    // What is read from the store alone does not hold up the core.

    nonisolated func rollouts() async throws -> [RolloutView] {
        await views(try await store.read { try $0.rollouts(limit: Self.mostListed) })
    }

    private func views(_ rows: [Store.RolloutRow]) -> [RolloutView] { rows.map { view($0) } }

    /// Rollouts in a listing, the newest.
    private static let mostListed = 1000

    nonisolated func rolloutID(_ text: String) async throws -> String {
        let found = try await store.read { try $0.rollouts(meantBy: text) }
        guard let id = found.first else {
            throw OperationError.notFound("there is no rollout '\(text)': see 'reflow rollout list'")
        }
        guard found.count == 1 else {
            throw OperationError.invalid(
                "'\(text)' may mean several rollouts: \(found.joined(separator: ", "))")
        }
        return id
    }

    func rollout(_ id: String) throws -> RolloutView { try view(of: id) }

    /// What has come of a rollout so far, file by file.
    nonisolated func summary(of id: String) async throws -> RunSummary {
        try await found { read in
            let targets = Dictionary(grouping: try read.targets(of: id, .init(limit: .max)), by: \.host)
            return RunSummary(
                job: id,
                hosts: try read.hosts(of: id, limit: .max).map { RunSummary.Host($0, targets[$0.name] ?? []) }
            )
        }
    }

    /// How a rollout is now.
    func view(of id: String) throws -> RolloutView {
        do {
            return view(try store.readNow { try $0.rollout(id) })
        } catch let error as StoreError where error.code == .unknown {
            throw OperationError.notFound(error.message)
        }
    }

    private func view(_ row: Store.RolloutRow) -> RolloutView {
        let live = underWay[row.id]
        let state = live?.state ?? row.state
        let working = live.map(working) ?? []
        let ended = row.totals.ended
        let windows = state.spec.strategy.windows
        let isRunning = live != nil && state.phase == .running
        let now = clock()
        let isOpen = live != nil && windows.openUntil(at: now) != nil
        var bytes = row.totals.bytes
        bytes.behind = min(bytes.total, working.reduce(bytes.behind) { $0 + $1.ahead })
        // What lost hosts last said is no rate, and when they go on nobody knows.
        let isHeard = isRunning && isOpen && state.pause == nil && brokerTrouble == nil
        let heard = isHeard ? working.filter { !$0.view.isLost } : []
        let rate = heard.flatMap(\.running).reduce(0.0) { $0 + $1.bytesPerSecond(in: live) }
        let isForeseeable = rate >= 1 && heard.count == working.count
        return RolloutView(
            id: row.id, name: state.spec.name, phase: .init(state.phase),
            pause: state.pause.map(RolloutView.Pause.init),
            stage: .init(state.stage, state.spec.strategy), isOpen: isOpen,
            opensAt: live == nil || isOpen ? nil : windows.nextOpening(after: now).map { Timestamp($0) },
            brokerTrouble: live == nil ? nil : brokerTrouble,
            waitsFor: live.flatMap { isOpen ? holder(of: $0) : nil }, policy: state.spec.policy,
            overrides: state.overrides, started: Timestamp(row.created),
            ended: row.ended.map { Timestamp($0) },
            slots: isRunning ? live?.slots ?? 0 : 0, hosts: hosts(row, live), targets: .init(row.totals),
            failures: state.failures - state.forgiven,
            allowedFailures: live?.allowedFailures
                ?? state.spec.strategy.errorBudget?.count(of: row.totals.all.targets),
            bytes: bytes,
            extents: .init(before: ended.extentsBefore, after: ended.extentsAfter),
            longestPauseMs: row.longestPauseMs,
            bytesPerSecond: rate >= 1 ? rate : nil,
            secondsLeft: isForeseeable ? Double((bytes.total - bytes.behind).rawValue) / rate : nil,
            working: working.prefix(RolloutView.mostWorking).map(\.view))
    }

    private func hosts(_ row: Store.RolloutRow, _ live: Rollout?) -> RolloutView.Hosts {
        RolloutView.Hosts(
            total: row.hosts.values.reduce(0, +), surveying: row.hosts[.surveying] ?? 0,
            waiting: row.hosts[.waiting] ?? 0, active: row.hosts[.active] ?? 0,
            finished: row.hosts[.finished] ?? 0,
            givenUp: row.hosts[.givenUp] ?? 0,
            lost: live?.hosts.count { $0.isLost && !$0.state.phase.isEnded } ?? 0)
    }

    /// Another rollout that is at work on hosts of `rollout`, if all that could go on are taken by others.
    private func holder(of rollout: Rollout) -> RolloutView.Other? {
        guard rollout.state.phase == .running, rollout.state.pause == nil, rollout.activeHosts == 0,
            rollout.slots > 0
        else { return nil }
        let waiting = rollout.hosts.filter { $0.state.phase == .waiting && !$0.isLost }.map(\.name)
        guard !waiting.isEmpty, waiting.allSatisfy(underWay.isTaken(excluding: rollout.id)) else {
            return nil
        }
        let holder = underWay.rollouts.sorted { $0.key < $1.key }.first { id, other in
            id != rollout.id && waiting.contains { other.isAtWork(on: $0) }
        }
        return holder.map { .init(id: $0.key, pause: $0.value.state.pause.map(RolloutView.Pause.init)) }
    }

    // MARK: - Hosts and files

    private struct Working {
        var view: RolloutView.Working
        var running: [SliceProgress] { view.running }
        /// Bytes beyond the cursors of running slices, as was last said.
        var ahead: ByteCount
    }

    private func working(_ rollout: Rollout) -> [Working] {
        rollout.hosts.filter(\.isAtWork).map { host in
            var targets = RolloutView.Targets()
            var bytes = RolloutView.Bytes()
            var ahead = ByteCount.zero
            for target in host.lanes.flatMap(\.targets).lazy.map({ rollout.targets[$0] }) {
                targets.count(target.state)
                bytes.total += target.size
                bytes.behind += target.state.isEnded ? target.size : min(target.size, target.cursor)
            }
            for slice in host.progress {
                guard let target = rollout.target(ofSlice: slice.task).map({ rollout.targets[$0] }) else {
                    continue
                }
                ahead += max(.zero, min(target.size, slice.offset) - min(target.size, target.cursor))
            }
            bytes.behind += ahead
            return Working(
                view: .init(
                    name: host.name, isLost: host.isLost, isPaused: isPaused(host.name),
                    isPausedElsewhere: isPausedElsewhere(host.name), targets: targets, bytes: bytes,
                    running: host.progress),
                ahead: ahead)
        }
    }

    nonisolated func hosts(ofRollout id: String) async throws -> [RolloutHostView] {
        var views = try await found { try $0.hosts(of: id, limit: .max).map { RolloutHostView($0) } }
        let live = await live(of: id)
        for index in views.indices {
            guard let host = live[views[index].name] else { continue }
            views[index].isPaused = host.isPaused
            views[index].bytes.behind += host.ahead
        }
        // In the order in which they have their turn, then those without any files.
        func rank(_ host: RolloutHostView) -> (Int, HostName) { (live[host.name]?.rank ?? .max, host.name) }
        return views.sorted { rank($0) < rank($1) }
    }

    /// What is known of a host of a rollout that has not ended, besides what is stored.
    private struct Live {
        var rank = Int.max
        var isPaused = false
        var ahead = ByteCount.zero
    }

    private func live(of id: String) -> [HostName: Live] {
        guard let rollout = underWay[id] else { return [:] }
        var live: [HostName: Live] = [:]
        for host in rollout.hosts where !host.state.phase.isEnded {
            live[host.name] = Live(isPaused: isPaused(host.name))
        }
        for (rank, place) in rollout.order.enumerated() {
            live[rollout.hosts[place].name, default: Live()].rank = rank
        }
        for host in working(rollout) { live[host.view.name]?.ahead = host.ahead }
        return live
    }

    /// Whether a host says that it is paused, by a rollout or by `reflow control`.
    private func isPaused(_ host: HostName) -> Bool { fleet[host]?.state?.mode == .pause }

    /// Whether it was paused by a later word than the coordinator's.
    private func isPausedElsewhere(_ host: HostName) -> Bool {
        guard isPaused(host), let said = fleet[host]?.state else { return false }
        return said.generation > desired[host]?.generation ?? 0
    }

    nonisolated func targets(ofRollout id: String, _ query: TargetQuery) async throws -> Listing<TargetView> {
        let filter = Store.TargetFilter(
            phase: query.state.flatMap { TargetPhase(rawValue: $0.rawValue) }, host: query.host?.description,
            after: query.after.map(Int.init), limit: query.limit + 1)
        let found = try await found { try $0.targets(of: id, filter).map(TargetView.init) }
        return Listing(found, most: query.limit, id: \.number)
    }

    /// What the store says of something that may not be there.
    private nonisolated func found<Value: Sendable>(
        _ read: @Sendable (ReadTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.read(read)
        } catch let error as StoreError where error.code == .unknown {
            throw OperationError.notFound(error.message)
        }
    }

    // MARK: - Plans

    nonisolated func plan(_ id: String) async throws -> PlanView {
        if let plan = try await livePlan(id) { return plan }
        return try await found { read in
            guard try read.rollout(id).state.isPlanOnly else { throw OperationError.notAPlan(id) }
            let extents = try read.hosts(of: id, limit: .max).map { ($0.name, $0.totals.all.extentsBefore) }
            let now = clock()
            return PlanView(
                try read.restore(id, at: now), extents: Dictionary(uniqueKeysWithValues: extents), at: now)
        }
    }

    /// A plan that has not ended: how many have answered.
    private func livePlan(_ id: String) throws -> PlanView? {
        guard let live = underWay[id] else { return nil }
        guard live.state.isPlanOnly else { throw OperationError.notAPlan(id) }
        return PlanView(live, extents: [:], at: clock())
    }
}

extension OperationError {
    fileprivate static func notAPlan(_ id: String) -> Self { .notFound("'\(id)' is a rollout, not a plan") }
}

extension SliceProgress {
    /// How fast it gets ahead, from where its slice began.
    fileprivate func bytesPerSecond(in rollout: Rollout?) -> Double {
        guard seconds > 0, let rollout, let target = rollout.target(ofSlice: task) else { return 0 }
        return Double(max(.zero, offset - rollout.targets[target].cursor).rawValue) / max(seconds, 1)
    }
}
