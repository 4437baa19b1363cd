import AMQP
import BrokerKit
import Contract
import DefragTypes
import Logging

/// Takes tasks from the host's queue, has them carried out, and acks each once its answer is confirmed.
struct TaskIntake: Sendable {
    let host: HostName
    let ledger: Ledger
    let lanes: Lanes
    let held: HeldFiles
    let slices: SliceRunner
    let surveys: SurveyRunner
    let outgoing: Outgoing
    let senders: SenderCheck
    let log: Logger

    /// Runs until `deliveries` end.
    func run(_ deliveries: some AsyncSequence<Delivery, Never> & Sendable) async {
        await withDiscardingTaskGroup { group in
            for await delivery in deliveries {
                group.addTask { await take(delivery) }
            }
        }
    }

    private func take(_ delivery: Delivery) async {
        let message: Contract.Message<HostTask>
        do throws(ContractError) {
            try senders.check(delivery)
            message = try Contract.Message(delivery)
        } catch {
            await refuse(delivery, error)
            return
        }
        switch ledger.arrived(message.id, delivery) {
        case .underWay: return
        case .answered: delivery.ack()
        case .begin: await carryOut(message)
        }
    }

    /// The worker is leaving, and the task is not done.
    private struct CutShort: Error {}

    private func carryOut(_ message: Contract.Message<HostTask>) async {
        do {
            switch message.body {
            case .slice(let slice): try await answer(slice, message.id)
            case .survey(let survey): try await answer(survey, message.id)
            }
            ledger.ended(message.id, isAnswered: true) { $0.ack() }
        } catch
            where error is CutShort || error is CancellationError || (error as? AMQPError)?.code == .closed
        {
            // The worker is leaving, or has no broker any more: the task, not acked, comes again to its successor.
            ledger.ended(message.id, isAnswered: false) { _ in }
        } catch {
            // Nobody can be told: the task goes to the dead letters, where an operator finds it.
            log.error(
                "the answer could not be published, the task is dead-lettered",
                metadata: ["task": "\(message.id)", "error": "\(error)"])
            ledger.ended(message.id, isAnswered: false) { $0.reject(requeue: false) }
        }
    }

    private func answer(_ slice: SliceTask, _ id: String) async throws {
        log.debug("slice waits for its turn", metadata: ["task": "\(id)", "path": "\(slice.path)"])
        // One lane a file system, whatever the task calls it: two can have one UUID.
        let device = await onThread { slices.roots.device(of: slice.path) }
        let lane = await lanes.lane(device ?? "none")
        let (result, state) = await lane.run { pauses in
            held.began(id, slice.path)
            let (result, state) = slices.run(id, slice, &pauses)
            held.ended(id, slice.path, result, on: lane)
            // Before the next one begins.
            log.info(
                "slice ends",
                metadata: [
                    "task": "\(id)", "path": "\(slice.path)", "status": "\(result.status.rawValue)",
                    "reason": "\(result.reason?.rawValue ?? "-")",
                    "extents": "\(result.extents.before)->\(result.extents.after)",
                    "rewritten": "\(result.bytes.rewritten)", "maxPauseMs": "\(result.pause.maxMs)",
                ])
            return (result, state)
        }
        try await outgoing.answer(
            .sliceFinished(SliceFinished(task: id, job: slice.job, result: result, state: state)),
            about: slice.path)
        held.answered(id, slice.path, isLast: result.reason != .timeLimit)
    }

    private func answer(_ survey: SurveyTask, _ id: String) async throws {
        // One that waits for a file system holds up no other roots.
        let places = survey.patterns.flatMap { (try? slices.roots.places($0)) ?? [] }
        let roots = Set(places.map { PathKey($0.root) }).sorted()
        let lane = await lanes.lane("survey of " + roots.map(\.path).joined(separator: ":"))
        let findings = await lane.run { _ in slices.standing.duringSurvey(id) { surveys.run(survey) } }
        // A part must not pass for the whole: the files not seen would never be treated.
        guard !findings.isCutShort else { throw CutShort() }
        var pages = 0
        for files in SurveyPages(findings.ranking.sorted) {
            try await outgoing.answer(
                .surveyPage(SurveyPage(task: id, job: survey.job, page: pages, files: files)), about: nil)
            pages += 1
        }
        log.info(
            "survey ends",
            metadata: [
                "task": "\(id)", "files": "\(findings.ranking.count)", "matched": "\(findings.matched)",
            ])
        try await outgoing.answer(
            .surveyFinished(
                SurveyFinished(
                    task: id, job: survey.job, pages: pages, files: findings.ranking.count,
                    matched: findings.matched, problems: findings.problems, summary: findings.summary)),
            about: nil)
    }

    private func refuse(_ delivery: Delivery, _ error: ContractError) async {
        if error.code != .notBelieved {
            log.warning("a message is not understood, to the dead letters", metadata: ["error": "\(error)"])
        }
        do {
            try await outgoing.deadLetter(delivery, from: QueueName.tasks(host), error)
            delivery.ack()
        } catch {
            log.error("a dead letter could not be published", metadata: ["error": "\(error)"])
            delivery.reject(requeue: false)
        }
    }
}
