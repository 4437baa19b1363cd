import Support

/// The events of a rollout by its log, checked against its strategy while they are read.
public struct Timeline: Sendable {
    /// A line for each event.
    public private(set) var lines: [String] = []
    /// Hosts that had a slot at once, at the most; and of one rack.
    public private(set) var most = 0
    public private(set) var mostOfRack = 0
    /// Hosts that were lost, and those that were given up.
    public private(set) var lost: [String] = []
    public private(set) var givenUp: [String] = []
    /// Hosts that have finished.
    public private(set) var finished: [String] = []

    /// Reads `events`, in their order, of a rollout with `strategy`.
    ///
    /// - Throws: ``Violation``: a host has begun that should not have, or a stage did.
    init(_ events: [LoggedEvent], _ strategy: Strategy) throws {
        var stage = Strategy.Stage.canary
        var stages = [stage]
        var atWork: [String] = []
        var soaked = 0.0
        let start = try events.first.map { try WallClock.seconds($0.time) } ?? 0
        for event in events {
            let time = try WallClock.seconds(event.time) - start
            let host = event.host ?? ""
            switch event.type {
            case "rollout.stage":
                guard let next = Strategy.Stage(event.text) else {
                    throw Violation("what is '\(event.text)'?")
                }
                if next == .soak { soaked = time }
                if stage == .soak {
                    try Inspection.promise(
                        time - soaked >= strategy.soak - 0.002, "the soak was \(time - soaked) s long")
                }
                if case .ramp(let step) = stage {
                    try Inspection.promise(
                        finished.count >= strategy.canary + strategy.ramp[...step].reduce(0, +),
                        "step \(step + 1) of the ramp has ended with \(finished.count) hosts finished")
                }
                stage = next
                stages.append(stage)
            case "host.began":
                atWork.append(host)
                let rack = atWork.count { strategy.racks[$0] == strategy.racks[host] }
                try Inspection.promise(
                    atWork.count <= strategy.most(in: stage) && rack <= strategy.perRack,
                    "\(atWork.joined(separator: " ")) worked in \(stage), \(rack) of the rack of \(host)\n"
                        + (lines + ["\(aligned(time)) s  \(event.text)"]).joined(separator: "\n"))
                most = max(most, atWork.count)
                mostOfRack = max(mostOfRack, rack)
            case "host.finished":
                atWork.removeAll { $0 == host }
                finished.append(host)
            case "rollout.hostLost":
                atWork.removeAll { $0 == host }
                lost.append(host)
            case "host.givenUp":
                atWork.removeAll { $0 == host }
                givenUp.append(host)
            // Whoever has answered gives its slot back, and after resume it is given to the next in the order.
            case "rollout.pause": atWork = []
            case "rollout.hostReturned", "rollout.started", "rollout.surveyed", "rollout.completed",
                "rollout.resume":
                break
            default: continue
            }
            let working = atWork.map { "\($0)/\(strategy.racks[$0] ?? "")" }.joined(separator: " ")
            lines.append(
                "\(aligned(time)) s  \(padded(event.text, 52))  \(working.isEmpty ? "-" : working)")
        }
        let wanted = [.canary, .soak] + strategy.ramp.indices.map(Strategy.Stage.ramp) + [.full]
        try Inspection.promise(stages == wanted, "the stages were \(stages)")
        try Inspection.promise(atWork.isEmpty, "\(atWork) never ended")
    }

    private func aligned(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        let text = "\(tenths / 10).\(tenths % 10)"
        return String(repeating: " ", count: max(0, 6 - text.count)) + text
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
