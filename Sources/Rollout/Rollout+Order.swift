import Contract
import Foundation

/// The order in which hosts work.
extension Rollout {
    /// Makes the order once every host has answered or is lost; at once where no order is needed.
    mutating func finishSurveying() -> [Action] {
        guard !state.isSurveyed, state.phase == .surveying || state.phase == .running else { return [] }
        let isSurveyed = counts.surveying == 0
        if state.phase == .surveying, isSurveyed || !needsOrder {
            buildOrder()
            setState { $0.phase = $0.isPlanOnly ? .planned : .running }
        }
        guard isSurveyed else { return [] }
        setState { $0.isSurveyed = true }
        var actions: [Action] = [.announce(.surveyed(targets: targets.count))]
        guard state.phase == .planned else { return actions }
        actions += hosts.indices.flatMap { forgetPages(of: $0) }
        actions.append(.announce(.ended(.planned)))
        return actions
    }

    mutating func buildOrder() {
        order = hosts.indices.filter(hasWork).sorted(by: comesBefore)
    }

    /// Whether it ever had a file that its survey did not rule out.
    private func hasWork(_ host: Int) -> Bool {
        hosts[host].lanes.contains { $0.targets.contains { !targets[$0].wasSkippedBySurvey } }
    }

    mutating func insertInOrder(_ host: Int) {
        guard hasWork(host) else { return }
        let place = order.firstIndex { comesBefore(host, $0) } ?? order.count
        order.insert(host, at: place)
    }

    private func comesBefore(_ left: Int, _ right: Int) -> Bool {
        hosts[left].gain != hosts[right].gain ? hosts[left].gain > hosts[right].gain : left < right
    }
}
