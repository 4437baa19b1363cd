import Contract
import DefragTypes
import ReflowAPI
import Rollout
import Settings

/// How a rollout is now, in lines: one about all of it, what holds it up, and one for each host at work.
struct RolloutLines {
    let rollout: RolloutStatus
    /// Longest line, in characters.
    let width: Int
    /// Most hosts to show; the rest are counted.
    var mostHosts = 20

    var lines: [String] {
        let working = rollout.phase == .running ? rollout.working.prefix(mostHosts) : []
        let names = working.map { $0.name.description.count }.max() ?? 0
        let more = rollout.hosts.active - working.count
        let lines =
            [summary] + [obstacle].compactMap(\.self)
            + working.map { host in
                fitting { "  \(host.name.description.padded(to: names))  \(line(of: host, bar: $0))" }
            }
            + (more > 0 && !working.isEmpty ? ["  and \(more) more"] : [])
        return lines.map { String($0.prefix(width)) }
    }

    /// A line with its bar, or without where that is too long.
    private func fitting(_ line: (_ hasBar: Bool) -> String) -> String {
        let full = line(true)
        return full.count <= width ? full : line(false)
    }

    /// All of it, in a line: where that is too long the bar goes, and where that is not enough its name.
    var summary: String {
        let named = fitting { summary(name: rollout.id + "  ", bar: $0) }
        return named.count <= width ? named : fitting { summary(name: "", bar: $0) }
    }

    private func summary(name: String, bar: Bool) -> String {
        let start = name + rollout.standing
        guard rollout.phase != .surveying else {
            let answered = rollout.hosts.total - rollout.hosts.surveying
            return "\(start)  \(answered)/\(counted(rollout.hosts.total, "host")) answered"
        }
        let share = Bar(share: rollout.bytes.share)
        var parts = [
            bar ? "\(share)" : share.percent,
            hosts(rollout.hosts), files(rollout.targets),
        ]
        if !rollout.phase.isEnded, rollout.pause == nil {
            if let rate = rollout.bytesPerSecond, rate >= 1 {
                parts.append("\(ByteCount(saturating: rate))/s")
            }
            if let left = rollout.secondsLeft {
                parts.append("\(Duration(saturating: left.rounded()).text) to go")
            }
        }
        if rollout.failures > 0, let allowed = rollout.allowedFailures {
            parts.append("failures: \(rollout.failures), \(allowed) allowed")
        }
        if rollout.hosts.lost > 0 { parts.append("\(counted(rollout.hosts.lost, "host")) lost") }
        return "\(start)  \(parts.joined(separator: "  "))"
    }

    private func hosts(_ hosts: RolloutStatus.Hosts) -> String {
        "\(hosts.finished)/\(counted(hosts.total, "host"))"
            + (hosts.givenUp > 0 ? ", \(hosts.givenUp) given up" : "")
    }

    private func files(_ targets: RolloutStatus.Targets) -> String {
        let others = [(targets.skipped, "skipped"), (targets.failed, "failed")].filter { $0.0 > 0 }
        return "\(targets.done)/\(counted(targets.total, "file"))"
            + others.map { ", \($0.0) \($0.1)" }.joined()
    }

    /// What holds it up, and what to do; `nil` if nothing does.
    var obstacle: String? {
        guard !rollout.phase.isEnded else { return nil }
        if let why = rollout.setAside {
            return
                "  set aside: \(why.cut(to: 200)). It is tried again when the coordinator is started again"
        }
        if let trouble = rollout.brokerTrouble { return "  \(trouble); figures are from before" }
        let show = "reflow rollout show \(rollout.id)"
        switch rollout.pause {
        case .operator: return "  paused; go on with: reflow rollout resume \(rollout.id)"
        case .errorBudget:
            return
                "  paused after \(counted(rollout.failures, "failure")); see: \(show)\(rollout.targets.failed > 0 ? " --targets --state failed" : "")"
        case .unanswered:
            return
                "  paused, as no host has answered: are the answers lost on their way? go on with: reflow rollout resume \(rollout.id)"
        case .undeliverable:
            return
                "  paused, as nothing could be delivered to any host; see: \(show); go on with: reflow rollout resume \(rollout.id)"
        case nil: break
        }
        // Hosts are asked for their files at any time.
        if rollout.phase == .surveying, let idleness { return idleness }
        if let other = rollout.waitsFor {
            return "  waiting for \(other.id)\(other.pause == nil ? "" : " (paused)"), which has its hosts"
        }
        guard rollout.isOpen else {
            return "  no maintenance window is open"
                + (rollout.opensAt.map { "; the next opens at \($0.short)" } ?? "")
        }
        return idleness
    }

    /// Why nothing happens though it may; `nil` if something does. The same text as long as the reason is the same.
    var idleness: String? {
        if rollout.phase == .surveying, rollout.pause == nil { return deafHosts }
        guard rollout.phase == .running, rollout.pause == nil, rollout.isOpen else { return nil }
        let working = rollout.working
        guard !working.isEmpty else {
            let waiting = rollout.hosts.waiting
            if let held = rollout.held, held.count >= waiting { return heldHosts }
            if let deaf = rollout.deaf, deaf.count + rollout.hosts.lost >= waiting + rollout.hosts.surveying {
                return deafHosts
            }
            guard waiting > 0, rollout.hosts.lost >= waiting else { return nil }
            return
                "  waiting for \(counted(waiting, "host")) that \(waiting == 1 ? "is" : "are") lost; see: reflow hosts"
        }
        guard rollout.hosts.active <= working.count else { return nil }
        let first = "host \(working[0].name)"
        let all = "all \(working.count) hosts at work"
        let isOne = working.count == 1
        if working.allSatisfy(\.isLost) {
            return "  waiting for \(isOne ? first + ", which is lost" : all + ", which are lost")"
        }
        let heard = working.filter { !$0.isLost }
        if heard.allSatisfy({ $0.hold != nil }) { return heldHosts }
        if let deaf = heard[0].deaf, heard.allSatisfy({ $0.deaf != nil }) {
            return "  host \(Deafness(host: "\(heard[0].name)", why: deaf.cut(to: 200)).text)"
                + (heard.count == 1 ? "" : "; nor can the others at work")
        }
        if let pausedHosts { return pausedHosts }
        if heard.allSatisfy({ $0.silentSeconds != nil }) {
            return "  no sign of life of the slices that are out on "
                + (heard.count == 1 ? "host \(heard[0].name)" : counted(heard.count, "host"))
        }
        if let queued = queuedSlices(heard) { return queued }
        guard heard.allSatisfy({ $0.targets.inFlight == 0 && $0.targets.pending == 0 }),
            let next = heard.compactMap(\.nextAttempt).min(by: { $0.description < $1.description })
        else { return nil }
        return "  the files that are left wait for another attempt, the next at \(next.short)"
    }

    /// That operators hold hosts; `nil` if none do.
    private var heldHosts: String? {
        guard let held = rollout.held else { return nil }
        let others = held.count > 1 ? "; and \(counted(held.count - 1, "other host"))" : ""
        // A job has no coordinator.
        let release =
            JobID.isOfAny(rollout.id) ? "reflow control --resume --host" : "reflow hosts release"
        return "  host \(held.name) is \(held.hold.words)\(others); go on with: \(release) \(held.name)"
    }

    /// That hosts cannot be asked for anything; `nil` if all can.
    private var deafHosts: String? {
        guard let deaf = rollout.deaf else { return nil }
        let others = deaf.count > 1 ? "; nor can \(counted(deaf.count - 1, "other host"))" : ""
        return "  host \(Deafness(host: "\(deaf.name)", why: deaf.why.cut(to: 200)).text)\(others)"
    }

    /// That nothing runs, as what was sent waits at the hosts that are `heard`; `nil` if anything runs.
    private func queuedSlices(_ heard: [RolloutStatus.Working]) -> String? {
        guard heard.allSatisfy({ $0.queuedSeconds != nil && $0.running.isEmpty }) else { return nil }
        guard heard.count == 1 else {
            return "  the slices that are out wait on \(heard.count) hosts, which have not begun them"
        }
        let jobs = heard[0].otherJobs.map { ", which is at work for \($0.prefix(3).joined(separator: ", "))" }
        return "  the slice that is out waits on host \(heard[0].name)\(jobs ?? ", which has not begun it")"
    }

    /// That all hosts at work were paused, by somebody else, and how they go on.
    var pausedHosts: String? {
        let working = rollout.working
        guard rollout.phase == .running, rollout.pause == nil, rollout.isOpen, let first = working.first,
            rollout.hosts.active <= working.count,
            working.allSatisfy({ $0.isPausedElsewhere && !$0.isLost })
        else { return nil }
        let which = working.count == 1 ? "host \(first.name) is" : "all \(working.count) hosts at work are"
        return "  \(which) paused; go on with: reflow control --resume "
            + (working.count == 1 ? "--host \(first.name)" : "--host \(first.name) --host …")
    }

    private func line(of host: RolloutStatus.Working, bar: Bool) -> String {
        let running = host.running.map { slice in
            let name = slice.path.lastPathComponent
            let rate = ByteCount(saturating: Double(slice.rewritten.rawValue) / max(slice.seconds, 1))
            return "\(name) \(rate)/s, "
                + "longest pause \(Duration(saturating: slice.maxPauseMs / 1000).text)"
        }
        let state =
            host.isLost
            ? "LOST"
            : host.hold != nil
                ? "held"
                : host.deaf != nil ? "deaf" : host.isPaused ? "paused" : running.joined(separator: "; ")
        let silence = host.silentSeconds.map {
            "no sign of life for \(Duration(saturating: $0.rounded()).text)"
        }
        let queue = host.queuedSeconds.map {
            "waits there for \(Duration(saturating: $0.rounded()).text)"
                + (host.otherJobs?.first.map { " behind \($0)" } ?? "")
        }
        let next = host.targets.inFlight > 0 ? nil : host.nextAttempt.map { "next attempt at \($0.short)" }
        let words = [state, silence, queue, next].compactMap(\.self).filter { !$0.isEmpty }.joined(
            separator: "  ")
        let share = Bar(share: host.bytes.share)
        return "\(bar ? "\(share)" : share.percent)  \(files(host.targets))  \(words)"
    }
}

extension RolloutStatus {
    /// Where it stands, in a word or two.
    var standing: String {
        if setAside != nil, !phase.isEnded { return "set aside" }
        return switch (phase, pause) {
        case (.running, .operator?): "paused"
        case (.running, .errorBudget?): "paused (error budget)"
        case (.running, .unanswered?): "paused (no answers)"
        case (.running, .undeliverable?): "paused (nothing delivered)"
        case (.running, nil):
            waitsFor != nil ? "\(stage.text), waiting" : isOpen ? stage.text : "\(stage.text), closed"
        // An older version has stored both as completed.
        case (.completedWithFailures, _),
            (.completed, _) where exitStatus != .success:
            "completed with failures"
        default: phase.rawValue
        }
    }

    /// What the end of it says to the shell: 1 if anything failed, a host was given up, or it is set aside, 2 if it was cancelled.
    var exitStatus: ExitStatus {
        switch phase {
        case .planned, .completed: targets.failed == 0 && hosts.givenUp == 0 ? .success : .failed
        case .completedWithFailures: .failed
        case .surveying, .running, .cancelling: setAside == nil ? .stoppedEarly : .failed
        case .cancelled: .stoppedEarly
        }
    }
}

extension RolloutStatus.Stage {
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
