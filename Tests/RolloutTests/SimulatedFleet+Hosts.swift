import Contract
import DefragTypes
import Foundation

@testable import Rollout

/// What hosts do with their tasks, and what comes of their answers.
extension SimulatedFleet {
    mutating func arrive(_ task: SimulatedHost.Task, _ name: HostName) {
        guard let host = hosts[name], host.isAlive else {
            hosts[name]?.queue.append(task)
            return
        }
        guard let slice = task.slice else { return host.survey(task.id).forEach { say($0, name) } }
        guard host.mode == .run else { return stop(task.id, slice, name) }
        hosts[name]?.running[task.id] = slice
        post(.sliceEnds(name, task.id), within: slice.timeBudget)
        check()
    }

    mutating func stop(_ id: String, _ slice: SliceTask, _ name: HostName) {
        var stopped = DefragResult(path: slice.path, status: .partial, reason: .paused)
        stopped.nextOffset = slice.from
        hosts[name]?.running[id] = nil
        answer(id, slice, stopped, name)
    }

    mutating func outcome(of slice: SliceTask) -> DefragResult {
        let chance = Double.random(in: 0..<1, using: &random)
        if chance < nature.failure {
            return DefragResult(path: slice.path, status: .failed, reason: .ioError)
        }
        var result = DefragResult(path: slice.path, status: .done)
        if chance < 0.5 {
            result.status = .partial
            result.reason = .timeLimit
            result.nextOffset = slice.from + 4096
        } else if chance < 0.53 {
            result.status = .skipped
            result.reason = .immutable
        }
        return result
    }

    mutating func answer(_ id: String, _ slice: SliceTask, _ result: DefragResult, _ name: HostName) {
        guard Double.random(in: 0..<1, using: &random) >= nature.lostAnswer else { return }
        say(.sliceFinished(SliceFinished(task: id, job: slice.job, result: result)), name)
    }

    /// Says it, perhaps twice.
    private mutating func say(_ event: HostEvent, _ name: HostName) {
        post(.event(name, event), within: 5)
        if Double.random(in: 0..<1, using: &random) < nature.duplicate {
            post(.event(name, event), within: 300)
        }
    }
}
