import Contract
import DefragTypes
import Foundation
import Rollout

/// What operators see.
extension Core {
    func rollouts() throws -> [RolloutView] {
        try store.readNow { try $0.rollouts(limit: Self.mostListed) }.filter { !$0.state.isPlanOnly }.map {
            view($0)
        }
    }

    /// Rollouts in a listing, the newest.
    private static let mostListed = 1000

    func rollout(_ id: String) throws -> RolloutView { try view(of: id) }

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
        let size = row.totals.all.size
        let rate = working.flatMap(\.running).reduce(0.0) { $0 + $1.bytesPerSecond(in: live) }
        let behind = working.reduce(ended.size) { $0 + $1.cursors }
        let windows = state.spec.strategy.windows
        let isRunning = live != nil && state.phase == .running
        let now = Date()
        let isOpen = windows.openUntil(at: now) != nil
        let done = min(size, behind)
        let pause = longestPause[row.id] ?? (try? store.readNow { try $0.longestPause(of: row.id) }) ?? 0
        return RolloutView(
            id: row.id, name: state.spec.name, phase: .init(state.phase),
            pause: state.pause.map { $0 == .operator ? .operator : .errorBudget },
            stage: .init(state.stage, state.spec.strategy), isOpen: isOpen,
            opensAt: isOpen ? nil : windows.nextOpening(after: now).map { Timestamp($0) },
            started: Timestamp(row.created), ended: row.ended.map { Timestamp($0) },
            slots: isRunning ? live?.slots ?? 0 : 0, hosts: hosts(row, live), targets: .init(row.totals),
            failures: state.failures - state.forgiven,
            allowedFailures: state.spec.strategy.errorBudget?.count(of: row.totals.all.targets),
            bytes: .init(total: size, behind: done),
            extents: .init(before: ended.extentsBefore, after: ended.extentsAfter), longestPauseMs: pause,
            bytesPerSecond: rate > 0 ? rate : nil,
            secondsLeft: rate > 0 ? Double((size - done).rawValue) / rate : nil,
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

    // MARK: - Hosts and files

    private struct Working {
        var view: RolloutView.Working
        var running: [SliceProgress] { view.running }
        /// Bytes before the cursors of what has not ended.
        var cursors: ByteCount
    }

    private func working(_ rollout: Rollout) -> [Working] {
        rollout.hosts.filter { $0.state.phase == .active || $0.lanes.contains { $0.inFlight != nil } }.map {
            host in
            var targets = RolloutView.Targets()
            var bytes = RolloutView.Bytes()
            var cursors = ByteCount.zero
            for number in host.lanes.flatMap(\.targets) {
                let target = rollout.targets[number]
                targets.count(target.state)
                bytes.total += target.size
                let said = host.progress.first { $0.task == rollout.sliceTask(number) }?.offset
                let cursor = min(target.size, max(target.cursor, said ?? .zero))
                bytes.behind += target.state.isEnded ? target.size : cursor
                if !target.state.isEnded { cursors += cursor }
            }
            return Working(
                view: .init(
                    name: host.name, isLost: host.isLost, targets: targets, bytes: bytes,
                    running: host.progress),
                cursors: cursors)
        }
    }

    func hosts(ofRollout id: String) throws -> [RolloutHostView] {
        let rows = try found { try $0.hosts(of: id, limit: .max) }
        let views = rows.map { RolloutHostView($0) }
        guard let live = underWay[id] else { return views }
        // In the order in which they have their turn, then those without any files.
        let ranks = Dictionary(live.order.enumerated().map { (live.hosts[$1].name, $0) }) { first, _ in first
        }
        return views.sorted { (ranks[$0.name] ?? .max, $0.name) < (ranks[$1.name] ?? .max, $1.name) }
    }

    func targets(ofRollout id: String, _ query: TargetQuery) throws -> Listing<TargetView> {
        let filter = Store.TargetFilter(
            phase: query.state.flatMap { TargetPhase(rawValue: $0.rawValue) }, host: query.host?.description,
            after: query.after.map(Int.init), limit: query.limit)
        let rows = try found { try $0.targets(of: id, filter) }
        return Listing(
            rows.map(TargetView.init),
            next: rows.count == query.limit ? rows.last.map { Int64($0.number) } : nil)
    }

    private func found<Value>(_ read: (ReadTransaction) throws -> Value) throws -> Value {
        do {
            return try store.readNow(read)
        } catch let error as StoreError where error.code == .unknown {
            throw OperationError.notFound(error.message)
        }
    }

    // MARK: - Plans

    func plan(_ id: String) throws -> PlanView {
        let row = try found { try $0.rollout(id) }
        guard row.state.isPlanOnly else { throw OperationError.notFound("'\(id)' is a rollout, not a plan") }
        let rollout = try underWay[id] ?? store.readNow { try $0.restore(id, at: Date()) }
        let extents = try store.readNow { read in
            Dictionary(
                uniqueKeysWithValues: try read.hosts(of: id, limit: .max).map {
                    ($0.name, $0.totals.all.extentsBefore)
                })
        }
        return PlanView(rollout, extents: extents)
    }
}

extension SliceProgress {
    /// How fast it gets ahead, from where its slice began.
    fileprivate func bytesPerSecond(in rollout: Rollout?) -> Double {
        guard seconds > 0, let start = rollout?.start(ofSlice: task), offset > start else { return 0 }
        return Double((offset - start).rawValue) / seconds
    }
}
