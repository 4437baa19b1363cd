import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// What operators see.
extension Core {
    // What is read from the store alone does not hold up the core.

    nonisolated func rollouts() async throws -> [RolloutStatus] {
        await views(try await store.read { try $0.rollouts(limit: Self.mostListed) })
    }

    private func views(_ rows: [Store.RolloutRow]) -> [RolloutStatus] { rows.map { view($0) } }

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

    func rollout(_ id: String) throws -> RolloutStatus { try view(of: id) }

    /// What has come of a rollout so far, file by file.
    nonisolated func summary(of id: String) async throws -> RunSummary {
        try await found { read in
            let files = try read.outcomes(of: id)
            return RunSummary(
                job: id,
                hosts: try read.hosts(of: id, limit: .max).map { RunSummary.Host($0, files[$0.name] ?? []) }
            )
        }
    }

    /// How a rollout is now.
    func view(of id: String) throws -> RolloutStatus {
        do {
            return view(try read { try $0.rollout(id) })
        } catch let error as StoreError where error.code == .unknown {
            if let why = setAside[id] { throw OperationError.setAside(id, why) }
            throw OperationError.notFound(error.message)
        }
    }

    private func view(_ row: Store.RolloutRow) -> RolloutStatus {
        let live = underWay[row.id]
        let state = live?.state ?? row.state
        let working = live.map(working) ?? []
        let windows = state.spec.strategy.windows
        let isRunning = live != nil && state.phase == .running
        let now = clock()
        // By the rollout itself: a clock that was set is not believed at once.
        let isOpen = live?.state.isOpen == true && windows.openUntil(at: now) != nil
        var bytes = row.totals.bytes
        bytes.behind = min(bytes.total, working.reduce(bytes.behind) { $0 + $1.ahead })
        // What lost hosts last said is no rate, and when they go on nobody knows.
        let isHeard = isRunning && isOpen && state.pause == nil && brokerTrouble == nil
        let heard = isHeard ? working.filter { !$0.host.isLost } : []
        let rate = heard.flatMap(\.host.progress).reduce(0.0) { $0 + $1.bytesPerSecond(in: live) }
        let isForeseeable = heard.count == working.count
        var view = RolloutStatus(
            id: row.id, state: state, started: Timestamp(row.created), ended: row.ended.map { Timestamp($0) })
        view.isOpen = isOpen
        view.setAside = setAside[row.id]
        view.deaf = live.flatMap(deaf)
        view.held = live.flatMap(held)
        view.hosts = .init(
            row.hosts, lost: live?.hosts.count { $0.isLost && !$0.state.phase.isEnded } ?? 0)
        (view.targets, view.bytes, view.extents) = (row.totals.targets, bytes, row.totals.extents)
        (view.longestPauseMs, view.pauses) = (row.longestPauseMs, row.pauses)
        view.allowedFailures =
            live?.allowedFailures ?? state.spec.strategy.errorBudget?.count(of: row.totals.all.targets)
        if let live {
            if !isOpen { view.opensAt = windows.nextOpening(after: now).map { Timestamp($0) } }
            if isOpen { view.waitsFor = holder(of: live) }
            view.brokerTrouble = brokerTrouble
            view.namesake = underWay.namesake(of: view.name, besides: row.id)
            if isRunning { view.slots = live.slots }
        }
        if rate >= 1 {
            view.bytesPerSecond = rate
            if isForeseeable { view.secondsLeft = Double((bytes.total - bytes.behind).rawValue) / rate }
        }
        if let live {
            view.working = working.prefix(RolloutStatus.mostWorking).map { status(of: $0, in: live) }
        }
        return view
    }

    /// Tells the feed's listeners how the rollouts are.
    func publishViews() {
        guard feed.listeners > 0 else { return }
        for id in underWay.ids + setAside.keys {
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
    }

    /// Another rollout that is at work on hosts of `rollout`, if all that could go on are taken by others.
    private func holder(of rollout: Rollout) -> RolloutStatus.Other? {
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
        return holder.map { .init(id: $0.key, pause: $0.value.state.pause) }
    }

    /// Hosts that live and that `rollout` waits for, as they cannot consume their tasks.
    private func deaf(_ rollout: Rollout) -> RolloutStatus.Deaf? {
        let deaf = rollout.hosts.lazy.filter { !$0.isLost && !$0.state.phase.isEnded }.compactMap { host in
            self.fleet[host.name]?.deaf.map { (host.name, $0) }
        }
        return deaf.first.map { .init(name: $0, why: $1, count: deaf.count) }
    }

    /// Hosts that `rollout` waits for, as operators hold them.
    private func held(_ rollout: Rollout) -> RolloutStatus.Held? {
        let held = rollout.hosts.filter { $0.isHeld && !$0.state.phase.isEnded }
        return held.first.flatMap { host in
            desired.hold(on: host.name).map { .init(name: host.name, hold: $0, count: held.count) }
        }
    }

    /// What the store says of something that may not be there.
    nonisolated func found<Value: Sendable>(
        _ read: @Sendable (ReadTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.read(read)
        } catch let error as StoreError where error.code == .unknown {
            throw OperationError.notFound(error.message)
        }
    }

    // MARK: - Plans

    nonisolated func plan(_ id: String) async throws -> PlanStatus {
        if let plan = try await livePlan(id) { return plan }
        return try await found { read in
            guard try read.rollout(id).state.isPlanOnly else { throw OperationError.notAPlan(id) }
            let extents = try read.hosts(of: id, limit: .max).map { ($0.name, $0.totals.all.extentsBefore) }
            let now = clock()
            return PlanStatus(
                try read.restore(id, at: now), extents: Dictionary(uniqueKeysWithValues: extents), at: now)
        }
    }

    /// A plan that has not ended: how many have answered.
    private func livePlan(_ id: String) throws -> PlanStatus? {
        guard let live = underWay[id] else { return nil }
        guard live.state.isPlanOnly else { throw OperationError.notAPlan(id) }
        return PlanStatus(live, extents: [:], at: clock())
    }
}

extension OperationError {
    fileprivate static func notAPlan(_ id: String) -> Self { .notFound("'\(id)' is a rollout, not a plan") }
}
