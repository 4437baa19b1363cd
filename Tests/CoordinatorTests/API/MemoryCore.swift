import Contract
import DefragTypes
import Rollout

@testable import Coordinator
@testable import ReflowAPI

/// A core in memory: keeps what it is given, and who wanted what.
actor MemoryCore: Operations {
    nonisolated let feed: Feed
    var log: [LoggedEvent]
    var entries: [AuditEntry] = []
    var fleet = [Samples.host, Samples.lostHost]
    var all: [RolloutStatus] = [Samples.rollout]
    var letters: [KeptDeadLetter] = [Samples.deadLetter]
    var targets: [TargetStatus] = (0..<25).map { Samples.target(number: $0) }
    nonisolated let health = CoreHealth()
    /// How often a survey is asked for before it is complete.
    var patience = 1

    /// The thread that a rollout that is started waits for, before it is begun or after.
    private var stuck: StuckThread?
    private var isBegunFirst = false
    private var turns = 0

    init(feed: Feed = Feed(), log: [LoggedEvent] = []) {
        self.feed = feed
        self.log = log
    }

    /// Appends an event to the log, and publishes it.
    @discardableResult
    func happen(_ type: String, rollout: String? = nil, host: HostName? = nil, text: String = "")
        -> LoggedEvent
    {
        let event = LoggedEvent(
            id: Int64(log.count + 1), time: Timestamp(unixSeconds: 1_764_000_000 + Int64(log.count)),
            type: type,
            rollout: rollout, host: host, text: text.isEmpty ? "\(type) happened" : text)
        log.append(event)
        feed.publish(.event(event))
        return event
    }

    /// Changes the sample rollout, and publishes how it is now.
    func change(_ change: @Sendable (inout RolloutStatus) -> Void) {
        change(&all[0])
        feed.publish(.rollout(all[0]))
    }

    /// Calls the sample rollout something else.
    func rename(_ id: String) { all[0].id = id }

    /// Makes it say that it cannot work.
    func fail(_ reason: String?) { health[.link(.publishing)] = reason }

    /// Has a rollout that is started wait for a thread that stands still from then on.
    func wait(for stuck: StuckThread, isBegun: Bool = false) {
        (self.stuck, isBegunFirst) = (stuck, isBegun)
    }

    /// Returns once such a rollout has had its turn.
    func turn() async throws {
        while turns == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func note(_ who: String, _ action: String, _ object: String, _ detail: JSONValue? = nil) {
        entries.append(
            AuditEntry(
                id: Int64(entries.count + 1), time: .now, who: who, action: action, object: object,
                detail: detail))
    }

    private func place(of id: String) throws -> Int {
        guard let place = all.firstIndex(where: { $0.id == id }) else {
            throw OperationError.notFound("there is no rollout '\(id)'")
        }
        return place
    }

    // MARK: - Operations

    func hosts() -> [HostStatus] { fleet }

    func hold(_ host: HostName, why: String, by who: String) throws -> HostStatus {
        try setHold(host, Hold(generation: 1, isHeld: true, since: Samples.time, by: who, why: why))
    }

    func release(_ host: HostName, why: String, by who: String) throws -> HostStatus {
        try setHold(host, nil)
    }

    private func setHold(_ host: HostName, _ hold: Hold?) throws -> HostStatus {
        guard let place = fleet.firstIndex(where: { $0.name == host }) else {
            throw OperationError.notFound("there is no host '\(host)'")
        }
        fleet[place].hold = hold
        return fleet[place]
    }

    func forget(_ host: HostName, by who: String) throws {
        guard let place = fleet.firstIndex(where: { $0.name == host }) else {
            throw OperationError.notFound("there is no host '\(host)'")
        }
        guard fleet[place].isLost else { throw OperationError.conflict("host \(host) is not lost") }
        fleet.remove(at: place)
        note(who, "host.forget", "\(host)")
    }

    func startSurvey(_ request: SurveyRequest, by who: String) throws -> Started {
        try requireBroker()
        note(who, "survey", "survey-1", .object(["hosts": .array(request.hosts.map { .string("\($0)") })]))
        return Started(id: "survey-1")
    }

    func survey(_ id: String) throws -> SurveyStatus {
        guard id == "survey-1" else { throw OperationError.notFound("there is no survey '\(id)'") }
        patience -= 1
        return patience >= 0 ? Samples.openSurvey : Samples.survey
    }

    func startPlan(spec: String, by who: String) throws -> Started {
        try requireBroker()
        try check(spec)
        return Started(id: "plan-1")
    }

    func plan(_ id: String) -> PlanStatus { Samples.plan }

    func startRollout(spec: String, again: Bool, by who: String) async throws -> RolloutStatus {
        if spec.hasPrefix("name: running"), !again {
            throw OperationError.underWay("another rollout called 'running' is under way: r1")
        }
        defer { turns += 1 }
        if isBegunFirst { _ = Order.current?.begin() }
        stuck?.begin(health, at: .storing)
        await stuck?.wait()
        guard Order.current?.begin() ?? true else { throw OperationError.stalled("too late") }
        try check(spec)
        var rollout = Samples.rollout
        rollout.id = "november-2"
        all.append(rollout)
        note(who, "rollout.start", rollout.id)
        return rollout
    }

    private func requireBroker() throws {
        if let reason = health[.link(.publishing)] { throw OperationError.brokerAway(reason) }
    }

    private func check(_ spec: String) throws {
        guard !spec.hasPrefix("wrong") else {
            throw OperationError.invalidSpec([
                SpecProblem(
                    line: 3, column: 5, key: "strategy.ramp", message: "'x' is not a list of numbers"),
                SpecProblem(line: 1, column: 1, key: "", message: "name is missing"),
            ])
        }
    }

    func rollouts() -> [RolloutStatus] { all.reversed() }
    func rolloutID(_ text: String) throws -> String {
        if let named = all.last(where: { $0.name == text }) { return named.id }
        return all[try place(of: text)].id
    }
    func rollout(_ id: String) throws -> RolloutStatus { all[try place(of: id)] }
    func hosts(ofRollout id: String) throws -> [RolloutHostStatus] {
        _ = try place(of: id)
        return [Samples.rolloutHost]
    }

    func targets(ofRollout id: String, _ query: TargetQuery) throws -> Listing<TargetStatus> {
        _ = try place(of: id)
        let found = targets.filter { target in
            (query.state.map { $0 == target.state } ?? true) && (query.host.map { $0 == target.host } ?? true)
                && target.number > query.after ?? -1
        }
        // Small pages, so that clients have to turn them.
        let page = Array(found.prefix(min(query.limit, 10)))
        return Listing(page, next: page.count < found.count ? page.last?.number : nil)
    }

    func pause(_ id: String, by who: String) throws -> RolloutStatus {
        let place = try place(of: id)
        guard all[place].pause == nil else { throw OperationError.conflict("it is paused already") }
        all[place].pause = .operator
        note(who, "rollout.pause", id)
        return all[place]
    }

    func resume(_ id: String, by who: String) throws -> RolloutStatus {
        let place = try place(of: id)
        guard all[place].pause != nil else { throw OperationError.conflict("it is not paused") }
        all[place].pause = nil
        note(who, "rollout.resume", id)
        return all[place]
    }

    func cancel(_ id: String, by who: String) throws -> RolloutStatus {
        let place = try place(of: id)
        all[place].phase = .cancelling
        note(who, "rollout.cancel", id)
        return all[place]
    }

    func set(_ settings: [String: String], ofRollout id: String, by who: String) throws -> RolloutStatus {
        var overrides = PolicyOverrides()
        for (key, text) in settings {
            guard let setting = PolicySetting.all.first(where: { $0.key == key }) else {
                throw OperationError.invalid("no policy setting is called \(key)")
            }
            do {
                try setting.set(text, in: &overrides)
            } catch {
                throw OperationError.invalid(error.message)
            }
        }
        note(who, "rollout.set", id, .object(settings.mapValues { .string($0) }))
        return all[try place(of: id)]
    }

    func retry(_ failed: Rollout.Failed, ofRollout id: String, by who: String) throws -> Retried {
        let files = targets.count { target in
            target.state == .failed && (failed.reason.map { $0 == target.reason } ?? true)
                && (failed.host.map { $0 == target.host } ?? true)
        }
        guard files > 0 else { throw OperationError.conflict("no file that failed is meant") }
        note(who, "rollout.retry", id)
        return Retried(files: files, rollout: all[try place(of: id)])
    }

    func deadLetters() -> [KeptDeadLetter] {
        letters.map {
            var letter = $0
            letter.body = nil
            return letter
        }
    }

    func deadLetter(_ id: String) throws -> KeptDeadLetter {
        guard let letter = letters.first(where: { $0.id == id }) else {
            throw OperationError.notFound("there is no dead letter '\(id)'")
        }
        return letter
    }

    func requeueDeadLetter(_ id: String, by who: String) throws {
        _ = try deadLetter(id)
        note(who, "dead.requeue", id)
        letters.removeAll { $0.id == id }
    }

    func dropDeadLetter(_ id: String, by who: String) throws {
        _ = try deadLetter(id)
        note(who, "dead.drop", id)
        letters.removeAll { $0.id == id }
    }

    func noteRefusal(of who: String, _ what: String, _ detail: [String: String]) {
        note(who, "access.refused", what, .object(detail.mapValues { .string($0) }))
    }

    func events(_ query: EventQuery) -> [LoggedEvent] {
        guard let after = query.after else { return log.filter(query.matches).suffix(query.limit) }
        // Ids are places in the log, from 1.
        return Array(log.dropFirst(Int(after)).lazy.filter(query.matches).prefix(query.limit))
    }

    func audit(before: Int64?, limit: Int) -> Listing<AuditEntry> {
        let found = Array(entries.filter { $0.id < before ?? .max }.reversed())
        let page = Array(found.prefix(limit))
        return Listing(page, next: page.count < found.count ? page.last?.id : nil)
    }
}
