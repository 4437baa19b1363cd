import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// Failed files that are tried again.
extension Core {
    func retry(_ failed: Rollout.Failed, ofRollout id: String, by who: String) throws -> Retried {
        var step = try newOrder()
        // The order's answer is the number of files: it is not known any more when they have been tried.
        if let files = try answer(to: who) {
            return Retried(files: Int(files) ?? 0, rollout: try viewOfOrdered(id))
        }
        let wasUnderWay = underWay[id] != nil
        do {
            let files = try reopen(id, failed, &step)
            let detail = ["reason": failed.reason?.rawValue, "host": failed.host?.description]
                .compactMapValues(\.self)
            let what = detail.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            carryOut(
                [
                    .tell(
                        "rollout.retry", "\(who): retry\(what): \(counted(files, "file"))", rollout: id,
                        host: failed.host, at: step.now)
                ], &step)
            audit(who, "rollout.retry", id, detail, answer: "\(files)", &step)
            try commit(step)
            return Retried(files: files, rollout: try viewOfOrdered(id))
        } catch {
            // One that has ended stays so.
            if !wasUnderWay { underWay.forget(id) }
            throw error
        }
    }

    /// Carries it out, on a rollout that has ended too; returns the number of files.
    private func reopen(_ id: String, _ failed: Rollout.Failed, _ step: inout Step) throws -> Int {
        if let why = setAside[id] { throw OperationError.setAside(id, why) }
        if underWay[id] == nil {
            let phase = try view(of: id).phase
            guard phase == .completedWithFailures else {
                throw OperationError.conflict("the rollout \(id) is \(phase.rawValue)")
            }
            underWay.reopen(try read { try $0.restore(id, at: step.now) }, held: desired.held)
        }
        guard let rollout = underWay[id] else { return 0 }
        let files = rollout.targets(failed).count
        let hosts = Set(rollout.targets(failed).map { rollout.hosts[rollout.targets[$0].host].name })
        // Some may have been forgotten since.
        for host in hosts { fleet.expect(host, at: step.now) }
        let lost = hosts.filter { fleet[$0]?.isLost == true }
        do {
            carryOut(try underWay.carryOut(.retry(failed, lost: lost), on: id, at: step.now), &step)
        } catch {
            throw OperationError.conflict("nothing of the rollout \(id) can be tried again: \(error.message)")
        }
        return files
    }
}
