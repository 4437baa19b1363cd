public import BrokerKit
public import Contract

/// The accounts of a fleet with their passwords: what is there is kept, so that provisioning again changes nothing.
public struct FleetCredentials: Sendable {
    /// An account, its password, and how the broker keeps that.
    public struct Entry: Sendable {
        public let account: Account
        public let password: String
        public let hash: PasswordHash
    }

    /// What was provisioned before, by the names of accounts.
    public struct Former: Sendable {
        public var virtualHost: String?
        public var hosts: Set<HostName> = []
        public var passwords: [String: String] = [:]
        public var hashes: [String: PasswordHash] = [:]

        /// Nothing yet.
        public init() {}
    }

    public let virtualHost: String
    /// The shared accounts, then the hosts' by name.
    public let entries: [Entry]

    /// The fleet of `former` and the hosts that are `added`, without those that are `revoked`; new passwords for those that are
    /// `rotated`.
    ///
    /// A hash is kept as long as it is of the password: another salt would be another definition of the same.
    public init(
        _ former: Former, virtualHost: String, added: Set<HostName> = [], rotated: Set<HostName> = [],
        revoked: Set<HostName> = [], newPassword: () -> String = BrokerRights.newPassword
    ) {
        self.virtualHost = virtualHost
        let hosts = former.hosts.union(added).subtracting(revoked).sorted()
        entries = (Account.shared + hosts.map(Account.host)).map { account in
            let isRotated = if case .host(let host) = account.role { rotated.contains(host) } else { false }
            let kept = isRotated ? nil : former.passwords[account.name]
            let password = kept ?? newPassword()
            let hash = former.hashes[account.name].flatMap { $0.matches(password) ? $0 : nil }
            return Entry(account: account, password: password, hash: hash ?? PasswordHash(of: password))
        }
    }

    /// The names of all hosts.
    public var hosts: [HostName] {
        entries.compactMap { if case .host(let host) = $0.account.role { host } else { nil } }
    }

    /// All that an import provisions, without a connection.
    public func definitions(hostQueues: Topology.HostQueues) -> Definitions {
        Definitions(
            virtualHost: virtualHost, accounts: entries.map { ($0.account, $0.hash) },
            topology: Topology(hosts: hosts, hostQueues: hostQueues))
    }
}

/// Takes a host's rights away for good. An import deletes nothing.
public struct Revocation: Sendable {
    public let host: HostName
    public let virtualHost: String

    public init(of host: HostName, virtualHost: String) {
        (self.host, self.virtualHost) = (host, virtualHost)
    }

    /// What the broker's administrator runs: without its account, the host's connections are closed; then nothing waits for it.
    public var commands: [[String]] {
        [["rabbitmqctl", "delete_user", AccountName.host(host)]]
            + [QueueName.tasks(host), QueueName.control(host)].map {
                ["rabbitmqctl", "delete_queue", "-p", virtualHost, $0]
            }
    }
}
