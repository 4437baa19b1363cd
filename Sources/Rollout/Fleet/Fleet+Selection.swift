public import Contract

extension Fleet {
    /// The hosts that a specification selects, in the order of their names: hosts that were heard and match, and, where no
    /// labels are asked for, hosts that are named without a wildcard, heard or not.
    public func selected(by targets: RolloutSpec.Targets) -> [(name: HostName, labels: [String: String])] {
        let patterns = targets.hosts.map(HostPattern.init)
        let known = hosts.values.filter { host in
            patterns.contains { ($0.isName || host.wasHeard) && $0.matches(host.name.description) }
                && targets.labels.allSatisfy { key, values in host.labels[key].map(values.contains) ?? false }
        }
        let named =
            targets.labels.isEmpty
            ? targets.hosts.compactMap { HostName($0) }.filter { hosts[$0] == nil } : []
        let unknown = Set(named).map { (name: $0, labels: [String: String]()) }
        return (known.map { (name: $0.name, labels: $0.labels) } + unknown).sorted { $0.name < $1.name }
    }
}
