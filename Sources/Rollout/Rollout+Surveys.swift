import Contract
import DefragTypes
import Foundation

/// Surveys: from the request to the targets.
extension Rollout {
    /// Most file systems of a host on which it can have targets.
    static let mostFileSystems = 256

    mutating func requestSurvey(_ host: Int, at now: Date) -> [Action] {
        let last = hosts[host].state.survey
        // A number that a store that was restored from a backup does not know is not used again.
        let number = max(last.number + 1, Int(now.timeIntervalSince1970))
        let actions = forgetPages(of: host)
        hosts[host].doubts[.survey] = nil
        setHost(host) { $0.survey = .init(number: number, tries: last.tries + 1, since: now) }
        return actions + [.survey(hosts[host].name, task: surveyTask(of: host))]
    }

    func surveyTask(of host: Int) -> String {
        "\(id)-\(hosts[host].name)-survey-\(hosts[host].state.survey.number)"
    }

    func isAwaited(_ task: String, of host: Int) -> Bool {
        hosts[host].state.phase == .surveying && task == surveyTask(of: host)
    }

    // MARK: - The answer

    mutating func surveyPage(_ page: SurveyPage, _ host: Int, at now: Date) -> [Action] {
        guard isAwaited(page.task, of: host) else { return [] }
        hosts[host].state.survey.since = now
        switch hosts[host].intake.take(page) {
        case .known: return []
        case .tooMuch: return giveUp(host, SurveyIntake.excess)
        case .added:
            return hosts[host].intake.answer == nil
                ? [.keepPage(hosts[host].name, page)] : completeSurvey(of: host)
        }
    }

    mutating func surveyFinished(_ end: SurveyFinished, _ host: Int) -> [Action] {
        guard isAwaited(end.task, of: host) else { return [] }
        hosts[host].intake.take(end)
        setHost(host) { $0.survey.end = end }
        return completeSurvey(of: host)
    }

    /// Forgets what has arrived of an answer that is not awaited any more.
    mutating func forgetPages(of host: Int) -> [Action] {
        defer { hosts[host].intake = SurveyIntake() }
        return hosts[host].intake.hasPages ? [.forgetPages(hosts[host].name)] : []
    }

    /// Makes targets of the files, once all pages of a host's survey have arrived.
    mutating func completeSurvey(of host: Int) -> [Action] {
        guard let (end, found) = hosts[host].intake.answer else { return [] }
        let forget = forgetPages(of: host)
        hosts[host].doubts[.survey] = nil
        let first = targets.count
        let (files, excess) = addTargets(found.sorted { $0.ranksBefore($1) }, host)
        changes.targets.formUnion(first..<targets.count)
        buildLanes(host, Array(first..<targets.count))
        let twin =
            hosts[host].hasTwin
            ? "two workers called themselves \(hosts[host].name) when it was surveyed: either may have answered"
            : nil
        setHost(host) {
            $0.survey = .init()
            $0.matched = end.matched
            $0.problems = end.problems + [excess, twin].compactMap(\.self)
            $0.phase = .waiting
        }
        if state.phase != .surveying { insertInOrder(host) }
        // A plan ends no target: it says which would be skipped.
        let ended = state.isPlanOnly ? [] : (first..<targets.count).filter { targets[$0].state.isEnded }
        return forget + [.add(first: first, hosts[host].name, files)]
            + ended.map { .announce(.targetEnded($0)) } + endHostIfDone(host)
    }

    /// Returns the files that have become targets, and what is the matter with the rest, as a sentence.
    private mutating func addTargets(_ found: [FileSurvey], _ host: Int) -> ([FileSurvey], String?) {
        var places: [String: Int] = [:]
        var excess: Set<String> = []
        let files = found.filter { file in
            if places[file.fileSystem] == nil {
                guard places.count < Self.mostFileSystems else {
                    excess.insert(file.fileSystem)
                    return false
                }
                places[file.fileSystem] = places.count
                hosts[host].fileSystems.append(file.fileSystem)
            }
            return true
        }
        for file in files {
            var target = Target(
                host: host, fileSystem: places[file.fileSystem] ?? 0, size: file.size, gain: file.gainSeconds)
            if let obstacle = file.obstacle { target.skip(obstacle.reason) }
            targets.append(target)
        }
        guard !excess.isEmpty else { return (files, nil) }
        return (
            files,
            "\(found.count - files.count) files on \(excess.count) file systems were left out: a rollout works on at most \(Self.mostFileSystems) file systems of a host, those with the most to gain"
        )
    }

    /// Sorts the targets of a host into its lanes.
    mutating func buildLanes(_ host: Int, _ numbers: [Int]) {
        hosts[host].gain = numbers.reduce(0) { $0 + targets[$1].gain }
        var own: [[Int]] = Array(repeating: [], count: hosts[host].fileSystems.count)
        for number in numbers { own[targets[number].fileSystem].append(number) }
        hosts[host].lanes = own.map { numbers in
            let inFlight = numbers.first { if case .inFlight = targets[$0].state { true } else { false } }
            return RolloutHost.Lane(targets: numbers, inFlight: inFlight)
        }
    }
}
