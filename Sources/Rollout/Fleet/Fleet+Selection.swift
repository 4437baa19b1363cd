public import Contract

extension Fleet {
    /// The hosts that a specification selects, in the order of their names: hosts that were heard and match, and hosts that are named
    /// without a wildcard, heard or not. Of those, the ones with the labels that are asked for, by ``labels(of:)``.
    public func selected(by targets: RolloutSpec.Targets) -> [(name: HostName, labels: [String: String])] {
        let patterns = targets.hosts.map(HostPattern.init)
        func isLabelled(_ labels: [String: String]) -> Bool {
            targets.labels.allSatisfy { key, values in labels[key].map(values.contains) ?? false }
        }
        let known = hosts.values.filter { host in
            patterns.contains { ($0.isName || host.wasHeard) && $0.matches(host.name.description) }
        }.map(\.name)
        let named = targets.hosts.compactMap { HostName($0) }.filter { hosts[$0] == nil }
        return (known + Set(named)).map { (name: $0, labels: labels(of: $0)) }
            .filter { isLabelled($0.labels) }.sorted { $0.name < $1.name }
    }
}
