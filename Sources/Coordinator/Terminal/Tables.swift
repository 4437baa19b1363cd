import Contract
import DefragTypes
import ReflowAPI
import Rollout
import RolloutSpec
import Settings

/// Tables for people, of what the coordinator tells.
enum Tables {
    /// The fleet.
    static func hosts(_ hosts: [HostStatus]) -> String {
        guard !hosts.isEmpty else {
            return
                "no host was heard yet: is a worker running, and connected to the same broker? 'reflow events' has what was refused"
        }
        var notes: [String] = []
        let rows = hosts.map { host in
            let free = (host.state?.fileSystems ?? []).map { "\($0.mountPoint) \($0.free) of \($0.size)" }
            if let deaf = host.state?.deaf, host.isFromBefore != true {
                notes.append(Deafness(host: "\(host.name)", why: deaf).text)
            }
            if let hold = host.hold { notes.append("\(host.name): \(hold.words)") }
            if host.hasTwin == true {
                notes.append(
                    "\(host.name): two workers speak under this name; stop one, or give it its own REFLOW_HOST"
                )
            }
            return [
                host.name.description, host.isLost ? "LOST" : host.doing, host.lastHeard?.short ?? "never",
                host.state?.version ?? "", host.labels.text,
                (free.prefix(4) + (free.count > 4 ? ["and \(free.count - 4) more"] : [])).joined(
                    separator: ", "),
            ]
        }
        return table(["HOST", "STATE", "LAST HEARD", "VERSION", "LABELS", "FREE"], rows, notes: notes)
    }

    /// Rollouts.
    static func rollouts(_ rollouts: [RolloutStatus]) -> String {
        guard !rollouts.isEmpty else { return "no rollouts; begin one with: reflow rollout start SPEC.yaml" }
        let rows = rollouts.map { rollout in
            [
                rollout.id, shortened(rollout.name, 24), rollout.standing,
                "\(Int(rollout.bytes.share * 100))%",
                "\(rollout.hosts.finished)/\(rollout.hosts.total)", "\(rollout.hosts.givenUp)",
                "\(rollout.targets.done)/\(rollout.targets.total)", "\(rollout.targets.failed)",
                "\(rollout.extents.before) -> \(rollout.extents.after)", rollout.started.short,
            ]
        }
        let titles = [
            "ROLLOUT", "NAME", "STATE", "DONE", "HOSTS", "GIVEN UP", "FILES", "FAILED", "EXTENTS", "STARTED",
        ]
        return table(titles, rows, rightAligned: [3, 4, 5, 6, 7])
    }

    /// The hosts of a rollout.
    static func hosts(_ hosts: [RolloutHostStatus]) -> String {
        var notes: [String] = []
        let rows = hosts.map { host in
            notes += host.problems.map { "\(host.name): \($0)" }
            if let deaf = host.deaf { notes.append(Deafness(host: "\(host.name)", why: deaf).text) }
            if let hold = host.hold { notes.append("\(host.name): \(hold.words)") }
            let state =
                host.lostSince.map { "LOST since \($0.short)" }
                ?? host.phase.rawValue
                + (host.hold != nil
                    ? ", held" : host.deaf != nil ? ", deaf" : host.isPaused ? ", paused" : "")
            return [
                host.name.description, state + (host.isCanary ? " (canary)" : ""),
                "\(Int(host.bytes.share * 100))%",
                "\(host.targets.done)/\(host.targets.total)", "\(host.targets.failed)",
                "\(host.targets.skipped)",
                "\(host.extents.before) -> \(host.extents.after)", host.labels.text,
            ]
        }
        let titles = ["HOST", "STATE", "DONE", "FILES", "FAILED", "SKIPPED", "EXTENTS", "LABELS"]
        return table(titles, rows, rightAligned: [2, 3, 4, 5], notes: notes)
    }

    /// Files of a rollout.
    static func targets(_ targets: [TargetStatus]) -> String {
        guard !targets.isEmpty else { return "no files" }
        let rows = targets.map { target in
            let attempt = target.state == .backingOff ? target.failedAttempts : nil
            let why = [target.reason?.rawValue, attempt.map { "attempt \($0)" }].compactMap(\.self)
            let state =
                target.state.rawValue + (why.isEmpty ? "" : " (\(why.joined(separator: ", ")))")
                + (target.notBefore.map { " until \($0.short)" } ?? "")
            return [
                target.host.description, state, "\(target.result?.extents.before ?? target.extents)",
                target.result.map { "\($0.extents.after)" } ?? "", "\(target.size)",
                target.result.map { Duration(saturating: $0.pause.maxMs / 1000).text } ?? "",
                target.result?.pause.overText ?? "", target.path,
            ]
        }
        let titles = ["HOST", "STATE", "EXTENTS", "AFTER", "SIZE", "PAUSE", "OVER", "FILE"]
        return table(titles, rows, rightAligned: [2, 3, 4, 5, 6])
    }

    /// Dead letters.
    static func deadLetters(_ letters: [KeptDeadLetter]) -> String {
        guard !letters.isEmpty else { return "no dead letters" }
        let rows = letters.map { letter in
            [
                letter.id, letter.time.short, letter.host?.description ?? letter.account ?? "",
                letter.type ?? "",
                letter.reason,
                letter.detail ?? "",
            ]
        }
        return table(["ID", "FOUND", "HOST", "TYPE", "REASON", "DETAIL"], rows)
    }

    /// One dead letter, in full.
    static func deadLetter(_ letter: KeptDeadLetter) -> String {
        let rows: [(String, String?)] = [
            ("id", letter.id), ("found", letter.time.short), ("queue", letter.queue),
            ("host", letter.host?.description), ("account", letter.account),
            ("type", letter.type), ("message", letter.messageID),
            ("reason", letter.reason), ("detail", letter.detail), ("size", "\(letter.size) bytes"),
        ]
        let table = Columns(rows: rows.compactMap { key, value in value.map { [key, $0] } }).text
        let body = letter.body?.split(separator: "\n", omittingEmptySubsequences: false).map(\.plain)
        return table + (body.map { "\n\n" + $0.joined(separator: "\n") } ?? "")
    }

    /// The audit.
    static func audit(_ entries: [AuditEntry]) -> String {
        guard !entries.isEmpty else { return "nobody did anything yet" }
        let rows = entries.map { entry in
            [entry.time.short, entry.who, entry.action, entry.object, entry.detail?.text ?? ""]
        }
        return table(["TIME", "WHO", "DID", "TO", "WITH"], rows)
    }

    /// How long files were locked, in a line; `nil` if none was yet.
    static func pauses(of rollout: RolloutStatus) -> String? {
        guard rollout.longestPauseMs > 0 else { return nil }
        return "pauses  longest \(Duration(saturating: rollout.longestPauseMs / 1000).text)"
            + (rollout.pauses.map { ", over maxPause: \($0.over) of \($0.count)" } ?? "")
    }

    /// Attempts at files that failed, lines below a table; none without any.
    static func failedAttempts(_ events: [LoggedEvent]) -> [String] {
        events.isEmpty
            ? [] : ["", "The latest attempts that failed:"] + events.map { event($0, ofRollout: false) }
    }

    /// An event, in a line.
    static func event(_ event: LoggedEvent, ofRollout: Bool = true) -> String {
        let text = [ofRollout ? event.rollout : nil, event.text].compactMap(\.self).joined(separator: ": ")
        return "\(event.time.short)  \(event.type)  \(text.cut(to: 1000).plain)"
    }

    /// A rollout's policy, in a line: what was set since it began is marked.
    static func policy(of rollout: RolloutStatus) -> String {
        let texts = rollout.policy.merged(with: rollout.overrides).texts.map { key, text in
            let isSet = rollout.overrides.texts.contains { $0.key == key }
            return "\(key)=\(text)\(isSet ? " (set)" : "")"
        }
        return "policy  " + (texts.isEmpty ? "the workers' own" : texts.joined(separator: " "))
    }
}

extension HostStatus {
    /// What it does, in a word or two.
    fileprivate var doing: String {
        if hold != nil { return hasHeardOfHold ? "held" : "held, not heard yet" }
        if isFromBefore == true { return "not heard yet" }
        guard let state else { return "unknown" }
        if state.deaf != nil { return "deaf" }
        if hasTwin == true { return "two workers" }
        if state.mode == .pause { return "paused" }
        guard !state.running.isEmpty else { return state.surveys.isEmpty ? "idle" : "surveying" }
        return "working" + (rollout.map { " (\($0))" } ?? "")
    }
}

extension [String: String] {
    /// `rack=r1 row=2`.
    var text: String {
        sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}

extension JSONValue {
    /// In a few words: `key=value` for an object.
    var text: String {
        switch self {
        case .null: "-"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value
        case .array(let values): values.map(\.text).joined(separator: ",")
        case .object(let values):
            values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(separator: " ")
        }
    }
}
