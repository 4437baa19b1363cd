import Contract
import DefragTypes
import Rollout

/// One line a host: how far a job is, now.
struct JobLines {
    let job: Job
    let width: Int

    var lines: [String] {
        let names = job.hosts.map { $0.name.description.count }.max() ?? 0
        return job.hosts.map { name, work in
            let label = name.description.padded(to: names)
            return String("\(label)  \(state(of: work))".prefix(width))
        }
    }

    private func state(of work: HostWork) -> String {
        switch work.phase {
        case .asked: "waiting for an answer"
        case .surveying: "looking at its files"
        case .working: working(work)
        case .finished: "done      \(totals(work))"
        case .stopped: "stopped   \(totals(work))"
        case .lost(let why): "LOST: \(why)"
        }
    }

    private func working(_ work: HostWork) -> String {
        let bar = Bar(share: share(of: work))
        guard work.mode == .run else { return "\(bar)  paused" }
        let running = work.progress.map { slice in
            let name = slice.path.split(separator: "/").last.map(String.init) ?? slice.path
            return "\(name) \(ByteCount(Int64(Double(slice.rewritten.rawValue) / max(slice.seconds, 1))))/s, "
                + "longest pause \(Duration.seconds(slice.maxPauseMs / 1000).text)"
        }
        let done = work.files.count(where: \.isEnded)
        return "\(bar)  \(done)/\(work.files.count) files  \(running.joined(separator: "; "))"
    }

    /// Share of the host's bytes that is behind us.
    private func share(of work: HostWork) -> Double {
        let total = work.files.map { Double($0.survey.size.rawValue) }.reduce(0, +)
        let behind = work.files.map { file in
            let current = work.progress.first { $0.path == file.survey.path }?.offset ?? file.cursor
            return Double((file.isEnded ? file.survey.size : current).rawValue)
        }.reduce(0, +)
        return total == 0 ? 1 : min(behind / total, 1)
    }

    private func totals(_ work: HostWork) -> String {
        let results = work.files.compactMap(\.result)
        guard !results.isEmpty else { return work.matched == 0 ? "no file matches" : "nothing to do" }
        let before = results.map(\.extents.before).reduce(0, +)
        let after = results.map(\.extents.after).reduce(0, +)
        let files = results.count == 1 ? "1 file" : "\(results.count) files"
        return "\(files), \(before) -> \(after) extents"
    }
}

extension String {
    /// This text with spaces up to `width` characters, behind it or to its left.
    func padded(to width: Int, left: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return left ? padding + self : self + padding
    }
}
