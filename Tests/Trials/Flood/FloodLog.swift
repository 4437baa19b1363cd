/// What a coordinator's log says of messages that it has refused.
enum FloodLog {
    /// Most lines about one reason: accounts and hosts are told apart, messages are not, but for ten dead letters of each.
    static let most = 25

    /// Lines about each reason.
    static func lines(_ log: String) -> [FloodKind.Refusal: Int] {
        var lines: [FloodKind.Refusal: Int] = [:]
        for line in log.split(separator: "\n") {
            if let refusal = refusal(line) { lines[refusal, default: 0] += 1 }
        }
        return lines
    }

    private static func refusal(_ line: Substring) -> FloodKind.Refusal? {
        if line.contains("could not be handled") || line.contains("dead letter") { return .deadLetter }
        if ["notBelieved", "is believed", "is no host"].contains(where: line.contains) {
            return .notBelieved
        }
        guard ["ignored", "refused", "dropped"].contains(where: line.contains) else { return nil }
        return [.unsupportedVersion, .malformed].first { line.contains($0.rawValue) }
    }
}
