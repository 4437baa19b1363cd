import Contract
import DefragTypes
import Foundation
import Logging
import ReflowAPI
import Rollout
import RolloutSpec

/// What operators want.
extension Core: Operations {
    /// Says no where somebody waits for hosts that cannot hear.
    func requireBroker() throws(OperationError) {
        if let brokerTrouble { throw OperationError.brokerAway("\(brokerTrouble): no host can be asked") }
    }

    func hosts() -> [HostStatus] {
        var atWork: [HostName: String] = [:]
        for (id, rollout) in underWay.rollouts {
            for host in rollout.hosts where host.isAtWork { atWork[host.name] = id }
        }
        return fleet.hosts.values.sorted { $0.name < $1.name }.map { host in
            HostStatus(
                name: host.name, isLost: host.isLost, hasTwin: host.hasTwin ? true : nil,
                isFromBefore: host.isHeardHere || !host.wasHeard ? nil : true,
                lastHeard: host.lastHeard.map { Timestamp($0) }, labels: fleet.labels(of: host.name),
                rollout: atWork[host.name], hold: desired.hold(on: host.name), state: host.state)
        }
    }

    func hold(_ name: HostName, why: String, by who: String) throws -> HostStatus {
        try setHold(name, true, why, by: who)
    }

    func release(_ name: HostName, why: String, by who: String) throws -> HostStatus {
        try setHold(name, false, why, by: who)
    }

    private func setHold(_ name: HostName, _ isHeld: Bool, _ why: String, by who: String) throws -> HostStatus
    {
        var step = try newOrder()
        guard fleet[name] != nil else {
            throw OperationError.notFound(
                "there is no host '\(name)'; one is known once its worker was heard, or a rollout has named it"
            )
        }
        let said = fleet[name]?.state
        carryOut(desired.hold(name, isHeld, by: who, why: why, said: said, at: step.now), &step)
        if let hold = desired[name]?.hold { carryOut(Effect.held(name, hold, at: step.now), &step) }
        audit(who, isHeld ? "host.hold" : "host.release", "\(name)", ["why": why], &step)
        try commit(step)
        guard let status = hosts().first(where: { $0.name == name }) else {
            throw OperationError.notFound("there is no host '\(name)'")
        }
        return status
    }

    func forget(_ name: HostName, by who: String) throws {
        var step = try newOrder()
        guard let host = fleet[name] else {
            throw OperationError.notFound("there is no host '\(name)'")
        }
        guard host.isLost || !host.wasHeard else {
            throw OperationError.conflict(
                "host \(name) is not lost: one that is heard would be known again at once")
        }
        // The fleet would not know that it returns.
        let waiting = underWay.rollouts.values.first { rollout in
            rollout.hosts.contains { $0.name == name && !$0.state.phase.isEnded }
        }
        if let waiting {
            throw OperationError.conflict(
                "the rollout \(waiting.id) waits for host \(name): cancel it, or let it give the host up")
        }
        desired.forget(name)
        carryOut(
            [
                fleet.forget(name),
                .tell("host.forgotten", "\(who): host \(name) is forgotten", host: name, at: step.now),
            ], &step)
        audit(who, "host.forget", "\(name)", [String: String](), &step)
        try commit(step)
    }

    // MARK: - Surveys

    func startSurvey(_ request: SurveyRequest, by who: String) throws -> Started {
        var step = try newOrder()
        if let id = try answer(to: who) { return Started(id: id) }
        try requireBroker()
        let (id, effects) = surveys.start(request, at: step.now)
        carryOut(effects, &step)
        audit(who, "survey.start", id, request, &step)
        try commit(step)
        return Started(id: id)
    }

    func survey(_ id: String) throws -> SurveyStatus {
        guard let view = surveys.view(id, fleet, at: clock()) else {
            throw OperationError.notFound("there is no survey '\(id)'")
        }
        return view
    }

    // MARK: - Rollouts

    func startPlan(spec text: String, by who: String) throws -> Started {
        let spec = try Self.spec(text)
        try requireBroker()
        return Started(id: try begin(spec, text: text, isPlanOnly: true, by: who))
    }

    func startRollout(spec text: String, again: Bool = false, by who: String) throws -> RolloutStatus {
        try viewOfOrdered(begin(Self.spec(text), text: text, again: again, by: who))
    }

    /// Begins a rollout, and returns its id. `text` is what it was read from.
    func begin(
        _ spec: RolloutSpec, text: String = "", isPlanOnly: Bool = false, again: Bool = true,
        id ownID: String? = nil, by who: String
    ) throws -> String {
        var step = try newOrder()
        if let id = try answer(to: who) { return id }
        let now = step.now
        if !again, let other = underWay.namesake(of: spec.name) {
            throw OperationError.underWay("another rollout called '\(spec.name)' is under way: \(other)")
        }
        if isStandby, let why = health[.lease] { throw OperationError.brokerAway(why) }
        let selected = fleet.selected(by: spec.targets)
        guard !selected.isEmpty else {
            throw OperationError.conflict(
                "no host matches: see 'reflow hosts'; a host is known once its worker has been heard, or when it is named in full"
            )
        }
        for host in selected { fleet.expect(host.name, at: now) }
        let id = ownID ?? newRolloutID(spec.name, at: now)
        let rollout = Rollout(id: id, spec: spec, hosts: selected, isPlanOnly: isPlanOnly)
        let lost = selected.map(\.name).filter { fleet[$0]?.isLost == true }
        let effects = underWay.begin(
            rollout, text: text, lost: lost, held: desired.held, at: now)
        audit(who, isPlanOnly ? "rollout.plan" : "rollout.start", id, ["name": spec.name], &step)
        let begins = "\(isPlanOnly ? "a plan" : "a rollout") of \(counted(selected.count, "host")) begins"
        carryOut(
            [.tell(isPlanOnly ? "plan.started" : "rollout.started", begins, rollout: id, at: now)] + effects,
            &step)
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

    func pause(_ id: String, by who: String) throws -> RolloutStatus {
        try carryOut(.pause, on: id, "pause", by: who)
    }
    func resume(_ id: String, by who: String) throws -> RolloutStatus {
        try carryOut(.resume, on: id, "resume", by: who)
    }
    func cancel(_ id: String, by who: String) throws -> RolloutStatus {
        try carryOut(.cancel, on: id, "cancel", by: who)
    }
    func drain(_ id: String, by who: String) throws -> RolloutStatus {
        try carryOut(.drain, on: id, "drain", by: who)
    }

    func set(_ settings: [String: String], ofRollout id: String, by who: String) throws -> RolloutStatus {
        let overrides: PolicyOverrides
        do {
            overrides = try PolicyOverrides(
                settings: settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        } catch {
            throw OperationError.invalid(error.problems.joined(separator: "; "))
        }
        return try carryOut(.set(overrides), on: id, "set", settings, by: who)
    }

    private func carryOut(
        _ command: Rollout.Command, on id: String, _ name: String, _ detail: [String: String] = [:],
        by who: String
    ) throws -> RolloutStatus {
        var step = try newOrder()
        if let id = try answer(to: who) { return try viewOfOrdered(id) }
        guard underWay[id] != nil else {
            if let why = setAside[id] { throw OperationError.setAside(id, why) }
            let ended = try self.view(of: id)
            throw OperationError.conflict("the rollout \(id) is \(ended.phase.rawValue)")
        }
        do {
            carryOut(try underWay.carryOut(command, on: id, at: step.now), &step)
        } catch {
            throw OperationError.conflict("the rollout \(id) cannot be told to \(name): \(error.message)")
        }
        let what = detail.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        carryOut([.tell("rollout.\(name)", "\(who): \(name)\(what)", rollout: id, at: step.now)], &step)
        audit(who, "rollout.\(name)", id, detail, &step)
        try commit(step)
        return try viewOfOrdered(id)
    }

    /// How a rollout is after an order that is stored: it was carried out, whether or not that can be read.
    func viewOfOrdered(_ id: String) throws -> RolloutStatus {
        do { return try view(of: id) } catch  where !(error is OperationError) {
            log.error("a rollout cannot be read", metadata: ["rollout": "\(id)", "error": "\(error)"])
            let why = StoreTrouble(error)?.words ?? StoreError.words(for: error) ?? "it cannot be read"
            throw OperationError.stalled(
                "\(why). What was asked for was done: see 'reflow rollout show \(id)'")
        }
    }

    // MARK: - Dead letters

    nonisolated func deadLetters() async throws -> [KeptDeadLetter] {
        try await store.read { try $0.deadLetters() }
    }

    func deadLetter(_ id: String) throws -> KeptDeadLetter { try kept(id) { try $0.deadLetter($1) }.letter }

    func requeueDeadLetter(_ id: String, by who: String) throws {
        var step = try newOrder()
        guard try answer(to: who) == nil else { return }
        let (number, letter) = try kept(id) { try $0.deadMessage($1) }
        guard let host = letter.host, letter.queue == QueueName.tasks(host) else {
            throw OperationError.conflict(
                "the dead letter \(id) did not come from a host's task queue: drop it")
        }
        guard letter.reason != ContractError.Code.notBelieved.rawValue else {
            throw OperationError.conflict(
                "the dead letter \(id) is from somebody who may give no orders, and is not sent in the coordinator's name: drop it"
            )
        }
        guard letter.body.count == letter.size else {
            throw OperationError.conflict(
                "the dead letter \(id) was too large to be kept, \(letter.size) bytes: drop it")
        }
        step.write { write in
            try write.append(
                Store.Outgoing(
                    exchange: ExchangeName.tasks, routingKey: "\(host)",
                    messageID: letter.messageID ?? newMessageID(),
                    contentType: letter.contentType ?? messageContentType, type: letter.type ?? "",
                    body: letter.body, kind: .letter, host: "\(host)"))
            try write.forget(deadLetter: number)
        }
        audit(who, "dead.requeue", id, [String: String](), &step)
        try commit(step)
    }

    func dropDeadLetter(_ id: String, by who: String) throws {
        var step = try newOrder()
        let (number, _) = try kept(id) { try $0.deadLetter($1) }
        step.write { try $0.forget(deadLetter: number) }
        audit(who, "dead.drop", id, [String: String](), &step)
        try commit(step)
    }

    private func kept<Letter>(
        _ id: String, _ read: (ReadTransaction, Int64) throws -> Letter?
    ) throws -> (number: Int64, letter: Letter) {
        guard let number = Int64(id), let letter = try self.read({ try read($0, number) }) else {
            throw OperationError.notFound("there is no dead letter '\(id)'")
        }
        return (number, letter)
    }
}
