import Contract
import DefragTypes

/// How a rollout is now, in lines: one about all of it, what holds it up, and one for each host at work.
struct RolloutLines {
    let rollout: RolloutView
    /// Longest line, in characters.
    let width: Int
    /// Most hosts to show; the rest are counted.
    var mostHosts = 20

    var lines: [String] {
        let working = rollout.phase == .running ? rollout.working.prefix(mostHosts) : []
        let names = working.map { $0.name.description.count }.max() ?? 0
        let more = rollout.hosts.active - working.count
        let lines =
            [summary] + [standing].compactMap(\.self)
            + working.map { "  \($0.name.description.padded(to: names))  \(line(of: $0))" }
            + (more > 0 && !working.isEmpty ? ["  and \(more) more"] : [])
        return lines.map { String($0.prefix(width)) }
    }

    /// All of it, in a line.
    var summary: String {
        let start = "\(rollout.id)  \(rollout.standing)"
        guard rollout.phase != .surveying else {
            return
                "\(start)  \(rollout.hosts.total - rollout.hosts.surveying)/\(rollout.hosts.total) hosts have answered"
        }
        var parts = [
            "\(Bar(share: rollout.bytes.share))",
            "\(rollout.hosts.finished + rollout.hosts.givenUp)/\(rollout.hosts.total) hosts",
            "\(rollout.targets.ended)/\(rollout.targets.total) files",
        ]
        if !rollout.phase.isEnded, rollout.pause == nil {
            if let rate = rollout.bytesPerSecond, rate >= 1 { parts.append("\(ByteCount(Int64(rate)))/s") }
            if let left = rollout.secondsLeft {
                parts.append("\(Duration.seconds(left.rounded()).text) to go")
            }
        }
        if rollout.failures > 0 {
            let allowed = rollout.allowedFailures.map { " of \($0) allowed" } ?? ""
            parts.append("\(rollout.failures)\(allowed) failed")
        }
        if rollout.hosts.lost > 0 { parts.append("\(rollout.hosts.lost) lost") }
        return "\(start)  \(parts.joined(separator: "  "))"
    }

    /// What holds it up, and what to do; `nil` if nothing does.
    private var standing: String? {
        guard !rollout.phase.isEnded else { return nil }
        switch rollout.pause {
        case .operator: return "  paused; go on with: reflow rollout resume \(rollout.id)"
        case .errorBudget:
            return
                "  paused after \(rollout.failures) failures; see: reflow rollout show \(rollout.id) --targets --state failed"
        case nil: break
        }
        guard !rollout.isOpen else { return nil }
        return "  no maintenance window is open"
            + (rollout.opensAt.map { "; the next opens at \($0.short)" } ?? "")
    }

    private func line(of host: RolloutView.Working) -> String {
        let running = host.running.map { slice in
            let name = slice.path.split(separator: "/").last.map(String.init) ?? slice.path
            return "\(name) \(ByteCount(Int64(Double(slice.rewritten.rawValue) / max(slice.seconds, 1))))/s, "
                + "longest pause \(Duration.seconds(slice.maxPauseMs / 1000).text)"
        }
        let state = host.isLost ? "LOST" : running.joined(separator: "; ")
        return "\(Bar(share: host.bytes.share))  \(host.targets.ended)/\(host.targets.total) files  \(state)"
    }
}

extension RolloutView {
    /// Where it stands, in a word or two.
    var standing: String {
        switch (phase, pause) {
        case (.running, .operator?): "paused"
        case (.running, .errorBudget?): "paused (error budget)"
        case (.running, nil): isOpen ? stage.text : "\(stage.text), closed"
        default: phase.rawValue
        }
    }

    /// What the end of it says to the shell: 1 if anything failed or a host was given up, 2 if it was cancelled.
    var exitStatus: ExitStatus {
        switch phase {
        case .completed: targets.failed == 0 && hosts.givenUp == 0 ? .success : .failed
        case .cancelled, .surveying, .running, .cancelling: .stoppedEarly
        }
    }
}

extension RolloutView.Stage {
    /// In a word or two.
    var text: String {
        switch name {
        case .canary, .full: name.rawValue
        case .soak: "soak" + (until.map { " until \($0.short)" } ?? "")
        case .ramp: "ramp" + (step.map { " \($0)" } ?? "") + (steps.map { "/\($0)" } ?? "")
        }
    }
}

extension Timestamp {
    /// To the second, for people: `2026-11-22 21:03:26Z`.
    var short: String {
        description.prefix(19).replacing("T", with: " ") + "Z"
    }
}
