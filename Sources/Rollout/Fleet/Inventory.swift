public import Contract

/// The coordinator's own labels of hosts: they go before what hosts say of themselves, as a host could evade a cap by another label.
public struct Inventory: Hashable, Sendable {
    /// Hosts by name or pattern, and their labels.
    public struct Entry: Hashable, Sendable {
        /// A name, with `*` for any characters.
        public var hosts: String
        public var labels: [String: String]

        public init(hosts: String, labels: [String: String]) {
            self.hosts = hosts
            self.labels = labels
        }
    }

    private let entries: [(pattern: HostPattern, labels: [String: String])]
    /// As it was given.
    public let texts: [Entry]

    /// Of the entries that match a host, the first that has a label decides it.
    public init(_ entries: [Entry] = []) {
        texts = entries
        self.entries = entries.map { (HostPattern($0.hosts), $0.labels) }
    }

    public static func == (left: Self, right: Self) -> Bool { left.texts == right.texts }
    public func hash(into hasher: inout Hasher) { hasher.combine(texts) }

    /// The labels of a host that says `own` of itself.
    public func labels(of host: HostName, saying own: [String: String] = [:]) -> [String: String] {
        guard !entries.isEmpty else { return own }
        let name = host.description
        return entries.filter { $0.pattern.matches(name) }.reduce(into: [:]) { labels, entry in
            labels.merge(entry.labels) { first, _ in first }
        }.merging(own) { inventory, _ in inventory }
    }
}
