import Glibc
import Support
import Synchronization

/// Which hosts really work, by their workers' logs, independent of the coordinator.
///
/// A slice that is in progress in two observations of all hosts, one after the other, was in progress between them; so
/// were all such slices together.
final class Occupancy: Sendable {
    private struct Slice: Hashable {
        var host: String
        var worker: pid_t
        var task: String
    }

    private let hosts: [Host]
    private let racks: [String: String]
    private let figures = Mutex((most: 0, ofRack: 0, looks: 0))

    init(of hosts: [Host], racks: [String: String]) {
        self.hosts = hosts
        self.racks = racks
    }

    /// Hosts working at once, at the most; and of one rack.
    var most: (hosts: Int, ofRack: Int) { figures.withLock { ($0.most, $0.ofRack) } }
    /// Number of observations.
    var looks: Int { figures.withLock(\.looks) }

    /// Observes until cancelled.
    func watch() async {
        var logs: [pid_t: WorkerLog] = [:]
        var before: Set<Slice> = []
        while !Task.isCancelled {
            var now: Set<Slice> = []
            for host in hosts {
                guard let worker = host.worker, worker.isRunning else { continue }
                let log = logs[worker.pid] ?? WorkerLog(of: worker)
                logs[worker.pid] = log
                for task in log.running() {
                    now.insert(Slice(host: host.name, worker: worker.pid, task: task))
                }
            }
            let atWork = Set(now.intersection(before).map(\.host))
            let byRack = Dictionary(grouping: atWork) { racks[$0] ?? "" }
            figures.withLock {
                $0.most = max($0.most, atWork.count)
                $0.ofRack = max($0.ofRack, byRack.values.map(\.count).max() ?? 0)
                $0.looks += 1
            }
            before = now
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }
}
