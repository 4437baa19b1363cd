/// The order and numbers in which a trial's rollout takes its hosts, for its specification and for the check.
struct Strategy {
    /// The rack of each host.
    var racks: [String: String]
    /// Hosts that go first, and seconds after the last of them.
    var canary = 1
    var soak = 3.0
    /// Hosts at once, step by step, and then.
    var ramp = [1, 2]
    var most: Int
    /// Hosts of a rack at once.
    var perRack = 1

    /// Half of `count` hosts at once, two in each rack.
    init(hosts: [String]) {
        racks = Dictionary(
            uniqueKeysWithValues: hosts.enumerated().map { ($1, "r\($0 % max(1, hosts.count / 2) + 1)") })
        most = hosts.count / 2
    }

    /// As in a specification, without the braces.
    var text: String {
        """
        canary: {hosts: \(canary), soak: \(Int(soak))s}, ramp: [\(ramp.map(String.init).joined(separator: ", "))],
            concurrency: {hosts: 50%, perLabel: {rack: \(perRack)}}
        """
    }

    /// The stage of a rollout with it.
    enum Stage: Hashable {
        case canary, soak, full
        /// Counted from 0.
        case ramp(Int)

        /// The stage that the log calls `text`.
        init?(_ text: String) {
            switch text {
            case _ where text.hasPrefix("stage soak"): self = .soak
            case _ where text.hasPrefix("stage full"): self = .full
            case _ where text.hasPrefix("stage ramp, step "):
                guard let step = Int(text.dropFirst("stage ramp, step ".count).prefix { $0.isNumber })
                else { return nil }
                self = .ramp(step - 1)
            default: return nil
            }
        }
    }

    /// Most hosts at once in `stage`.
    func most(in stage: Stage) -> Int {
        switch stage {
        case .canary: canary
        case .soak: 0
        case .ramp(let step): min(most, ramp[step])
        case .full: most
        }
    }
}
