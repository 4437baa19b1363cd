import Contract
import DefragTypes
import Foundation

/// Surveys: from the request to the order of the hosts.
extension Rollout {
    mutating func requestSurvey(_ host: Int, at now: Date) -> [Action] {
        let last = hosts[host].survey
        let number = max(last.number + 1, Int(now.timeIntervalSince1970))
        hosts[host].survey = .init(number: number, tries: last.tries + 1, since: now)
        return [.survey(hosts[host].name, task: surveyTask(of: host))]
    }

    func surveyTask(of host: Int) -> String {
        "\(id)-\(hosts[host].name)-survey-\(hosts[host].survey.number)"
    }

    func isAwaited(_ task: String, of host: Int) -> Bool {
        hosts[host].state.phase == .surveying && task == surveyTask(of: host)
    }

    /// Makes targets of the files, once all pages of a host's survey have arrived.
    mutating func completeSurvey(of host: Int) -> [Action] {
        guard let (end, found) = hosts[host].survey.intake.answer else { return [] }
        let files = found.sorted { $0.ranksBefore($1) }
        let first = targets.count
        hosts[host].survey = .init()
        for file in files {
            let place =
                hosts[host].fileSystems.firstIndex(of: file.fileSystem) ?? hosts[host].fileSystems.count
            if place == hosts[host].fileSystems.count { hosts[host].fileSystems.append(file.fileSystem) }
            var target = Target(host: host, fileSystem: place, size: file.size, gain: file.gainSeconds)
            if let obstacle = file.obstacle { target.skip(obstacle.reason) }
            targets.append(target)
        }
        changes.targets.formUnion(first..<targets.count)
        buildLanes(host, Array(first..<targets.count))
        setHost(host) {
            $0.matched = end.matched
            $0.problems = end.problems
            $0.phase = .waiting
        }
        if state.phase != .surveying { insertInOrder(host) }
        // A plan ends no target: it says which would be skipped.
        let ended = state.isPlanOnly ? [] : (first..<targets.count).filter { targets[$0].state.isEnded }
        return [.add(first: first, hosts[host].name, files)]
            + ended.map { .announce(.targetEnded($0)) } + endHostIfDone(host)
    }

    /// Sorts the targets of a host into its lanes.
    mutating func buildLanes(_ host: Int, _ numbers: [Int]) {
        hosts[host].gain = numbers.reduce(0) { $0 + targets[$1].gain }
        hosts[host].lanes = hosts[host].fileSystems.indices.map { place in
            let own = numbers.filter { targets[$0].fileSystem == place }
            return .init(
                targets: own,
                inFlight: own.first { if case .inFlight = targets[$0].state { true } else { false } })
        }
    }

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
        if state.phase == .planned { actions.append(.announce(.ended(.planned))) }
        return actions
    }

    mutating func buildOrder() {
        order = hosts.indices.filter(hasWork).sorted(by: comesBefore)
    }

    /// Whether it ever had a file that its survey did not rule out.
    private func hasWork(_ host: Int) -> Bool {
        hosts[host].lanes.contains { $0.targets.contains { !targets[$0].wasSkippedBySurvey } }
    }

    private mutating func insertInOrder(_ host: Int) {
        guard hasWork(host) else { return }
        let place = order.firstIndex { comesBefore(host, $0) } ?? order.count
        order.insert(host, at: place)
    }

    private func comesBefore(_ left: Int, _ right: Int) -> Bool {
        hosts[left].gain != hosts[right].gain ? hosts[left].gain > hosts[right].gain : left < right
    }
}
