import Contract
import DefragTypes
import Foundation
import JSON
import Rollout

/// What operators want.
extension Core: Operations {
    func readiness() -> Readiness {
        Readiness(reasons: brokerTrouble.map { [$0] } ?? [])
    }

    func hosts() -> [HostView] {
        var atWork: [HostName: String] = [:]
        for (id, rollout) in underWay { for host in rollout.hostsAtWork { atWork[host] = id } }
        return fleet.hosts.values.sorted { $0.name < $1.name }.map { host in
            HostView(
                name: host.name, isLost: host.isLost,
                lastHeard: host.state == nil ? nil : Timestamp(host.lastHeard), labels: host.labels,
                rollout: atWork[host.name], state: host.state)
        }
    }

    // MARK: - Surveys

    func startSurvey(_ request: SurveyRequest, by who: String) throws -> Started {
        var step = Step(at: Date())
        let survey = FleetSurvey(id: "survey-\(newMessageID().prefix(12))", request, at: step.now)
        surveys = surveys.filter { step.now.timeIntervalSince($0.value.asked) < Self.surveyLife }
        surveys[survey.id] = survey
        for host in survey.hosts.keys.sorted() {
            step.write { try $0.send(.survey(survey.task), id: survey.task(of: host), to: host, about: nil) }
        }
        audit(who, "survey.start", survey.id, request, &step)
        try commit(step)
        return Started(id: survey.id)
    }

    /// Seconds for which a survey is kept after it was asked for.
    private static let surveyLife: TimeInterval = 3600

    func survey(_ id: String) throws -> SurveyView {
        guard var survey = surveys[id] else { throw OperationError.notFound("there is no survey '\(id)'") }
        for host in survey.hosts.keys where fleet.hosts[host].map(\.isLost) ?? isOverdue(survey) {
            survey.undeliverable(
                host, "does not answer: is its worker running, and connected to this broker?")
        }
        return survey.view
    }

    private func isOverdue(_ survey: FleetSurvey) -> Bool {
        Date().timeIntervalSince(survey.asked) >= fleet.lostAfter
    }

    // MARK: - Rollouts

    func startPlan(spec text: String, by who: String) throws -> Started {
        Started(id: try begin(text, isPlanOnly: true, by: who))
    }

    func startRollout(spec text: String, by who: String) throws -> RolloutView {
        try view(of: begin(text, isPlanOnly: false, by: who))
    }

    private func begin(_ text: String, isPlanOnly: Bool, by who: String) throws -> String {
        let spec = try Self.spec(text)
        let now = Date()
        let hosts = fleet.selected(by: spec.targets)
        guard !hosts.isEmpty else {
            throw OperationError.conflict(
                "no host matches: see 'reflow hosts'; a host is known once its worker has been heard, or when it is named in full"
            )
        }
        var step = Step(at: now)
        for host in hosts { fleet.expect(host.name, at: now) }
        let id = newRolloutID(spec.name, at: now)
        let rollout = Rollout(id: id, spec: spec, hosts: hosts, isPlanOnly: isPlanOnly)
        step.write { try $0.insert(rollout, text: text, at: now) }
        audit(who, isPlanOnly ? "rollout.plan" : "rollout.start", id, ["name": spec.name], &step)
        tell(
            "rollout.started", "\(isPlanOnly ? "plan" : "rollout") of \(hosts.count) hosts begins",
            rollout: id, &step)
        // Stored without any changes; what it decides first follows at once.
        try commit(step)
        underWay[id] = rollout
        step = Step(at: now)
        perform(underWay[id]?.handle(.start, at: now) ?? [], id, &step)
        for host in hosts where fleet.hosts[host.name]?.isLost == true {
            perform(underWay[id]?.handle(.lost(host.name), at: now) ?? [], id, &step)
        }
        try commit(step)
        return id
    }

    /// Name and time: told apart at a glance, sorted by age. (Task ids start with it.)
    private func newRolloutID(_ name: String, at now: Date) -> String {
        let slug = String(
            name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(30))
        let stamp = Timestamp(now).description.filter(\.isNumber).prefix(14)
        return "\(stamp)-\(slug)-\(newMessageID().prefix(4))"
    }

    private static func spec(_ text: String) throws -> RolloutSpec {
        do {
            return try SpecReader.read(text)
        } catch {
            throw OperationError.invalidSpec(
                error.problems.map {
                    SpecProblem(line: $0.line ?? 1, column: $0.column ?? 1, key: $0.key, message: $0.message)
                })
        }
    }

    func pause(_ id: String, by who: String) throws -> RolloutView {
        try carryOut(.pause, on: id, "pause", by: who)
    }
    func resume(_ id: String, by who: String) throws -> RolloutView {
        try carryOut(.resume, on: id, "resume", by: who)
    }
    func cancel(_ id: String, by who: String) throws -> RolloutView {
        try carryOut(.cancel, on: id, "cancel", by: who)
    }

    func set(_ settings: [String: String], ofRollout id: String, by who: String) throws -> RolloutView {
        var overrides = PolicyOverrides()
        for (key, text) in settings.sorted(by: { $0.key < $1.key }) {
            guard let setting = PolicySetting.all.first(where: { $0.key == key }) else {
                let known = PolicySetting.all.map(\.key).joined(separator: ", ")
                throw OperationError.invalid("'\(key)' is no setting; there are \(known)")
            }
            do { try setting.set(text, in: &overrides) } catch {
                throw OperationError.invalid("\(key): \(error)")
            }
        }
        if let problem = overrides.problem { throw OperationError.invalid(problem) }
        return try carryOut(.set(overrides), on: id, "set", settings, by: who)
    }

    private func carryOut(
        _ command: Rollout.Command, on id: String, _ name: String, _ detail: [String: String] = [:],
        by who: String
    ) throws -> RolloutView {
        guard underWay[id] != nil else {
            let ended = try self.view(of: id)
            throw OperationError.conflict("the rollout \(id) is \(ended.phase.rawValue)")
        }
        var step = Step(at: Date())
        let taken = hostsTaken(besides: id)
        do {
            let actions = try underWay[id]?.carryOut(command, at: step.now) { taken.contains($0) } ?? []
            perform(actions, id, &step)
        } catch {
            throw OperationError.conflict("the rollout \(id) cannot be told to \(name): \(error.message)")
        }
        let what = detail.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        tell("rollout.\(name)", "\(who): \(name)\(what)", rollout: id, &step)
        audit(who, "rollout.\(name)", id, detail, &step)
        try commit(step)
        return try view(of: id)
    }

    // MARK: - Dead letters

    func deadLetters() throws -> [DeadLetterView] {
        try store.readNow { try $0.deadLetters().map { $0.view(withBody: false) } }
    }

    func deadLetter(_ id: String) throws -> DeadLetterView { try kept(id).view(withBody: true) }

    func requeueDeadLetter(_ id: String, by who: String) throws {
        let kept = try kept(id)
        guard let host = kept.letter.host, kept.letter.queue == QueueName.tasks(host) else {
            throw OperationError.conflict(
                "the dead letter \(id) did not come from a host's task queue: drop it")
        }
        var step = Step(at: Date())
        let letter = kept.letter
        step.write { write in
            try write.append(
                Store.Outgoing(
                    exchange: ExchangeName.tasks, routingKey: "\(host)",
                    messageID: letter.messageID ?? newMessageID(),
                    contentType: letter.contentType ?? messageContentType, type: letter.type ?? "",
                    body: letter.body, kind: .slice, host: "\(host)"))
            try write.forget(deadLetter: kept.id)
        }
        audit(who, "dead.requeue", id, [String: String](), &step)
        try commit(step)
    }

    func dropDeadLetter(_ id: String, by who: String) throws {
        let kept = try kept(id)
        var step = Step(at: Date())
        step.write { try $0.forget(deadLetter: kept.id) }
        audit(who, "dead.drop", id, [String: String](), &step)
        try commit(step)
    }

    private func kept(_ id: String) throws -> Store.KeptLetter {
        guard let number = Int64(id), let kept = try store.readNow({ try $0.deadLetter(number) }) else {
            throw OperationError.notFound("there is no dead letter '\(id)'")
        }
        return kept
    }

    // MARK: - Records

    func events(_ query: EventQuery) throws -> [EventView] {
        let filter = Store.EventFilter(
            type: query.type, host: query.host?.description, rollout: query.rollout, after: query.after,
            since: query.since.flatMap(\.date), limit: query.limit)
        return try store.readNow { try $0.events(filter).map(EventView.init) }
    }

    func audit(before: Int64?, limit: Int) throws -> Listing<AuditView> {
        let entries = try store.readNow { try $0.audit(before: before, limit: limit) }
        return Listing(entries.map(AuditView.init), next: entries.count == limit ? entries.last?.id : nil)
    }

    private func audit(
        _ who: String, _ action: String, _ object: String, _ detail: some Encodable, _ step: inout Step
    ) {
        let entry = Store.AuditEntry(
            time: step.now, who: who, action: action, object: object, detail: try? JSONEncoder().text(detail))
        step.write { try $0.record(entry) }
    }
}
