import Contract

/// Compares what accounts at a broker may do with the table of rights: pure, over what the broker exports.
///
/// Whether one pattern allows more than another is tried with names: all that a fleet has, those that look alike, and those that
/// nobody of ours should touch.
public struct SecurityCheck {
    /// The exchange whose topic rights count.
    static let topicExchange = ExchangeName.events

    private let definitions: ExportedDefinitions
    /// The virtual hosts that have a fleet.
    public let virtualHosts: Set<String>
    /// Accounts that may do everything: people's.
    private let administrators: Set<String>
    /// The accounts that there should be; `nil` if that is not known.
    private let expected: Set<String>?
    private let hosts: [HostName]

    /// Of the fleets in `definitions`: of each virtual host that has the exchange of tasks or of events.
    ///
    /// - Parameters:
    ///   - definitions: what the broker has exported.
    ///   - administrators: accounts that may do everything.
    ///   - expected: the accounts that there should be, where that is known.
    public init(
        _ definitions: ExportedDefinitions, administrators: Set<String> = [], expected: Set<String>? = nil
    ) {
        self.definitions = definitions
        self.administrators = administrators
        self.expected = expected
        virtualHosts = Set(
            definitions.exchanges.filter { _, names in
                names.contains(ExchangeName.tasks) || names.contains(ExchangeName.events)
            }.keys)
        hosts = definitions.users.compactMap { EventAddress.host(ofAccount: $0.name) }
    }

    /// All that is too much, by account.
    public var findings: [SecurityFinding] {
        let permissions = Dictionary(grouping: definitions.permissions, by: \.user)
        let topics = Dictionary(grouping: definitions.topicPermissions, by: \.user)
        return definitions.users.sorted { $0.name < $1.name }.flatMap { user -> [SecurityFinding] in
            guard user.name != "guest" else {
                return [
                    SecurityFinding(
                        account: user.name, problem: "RabbitMQ's own account, whose password everybody knows",
                        remedy: shellLine("rabbitmqctl", "delete_user", user.name))
                ]
            }
            let row = Account.named(user.name)
            var findings = ofTheAccount(user, row)
            guard !administrators.contains(user.name) else { return findings }
            for permission in permissions[user.name] ?? [] {
                findings += ofPermission(permission, row, topics[user.name] ?? [])
            }
            return findings
        }
    }

    // MARK: - The account itself

    private func ofTheAccount(_ user: ExportedDefinitions.User, _ row: Account?) -> [SecurityFinding] {
        var findings: [SecurityFinding] = []
        func find(_ problem: String, _ remedy: String) {
            findings.append(SecurityFinding(account: user.name, problem: problem, remedy: remedy))
        }
        let powerful = user.tags.filter { row != nil || ["administrator", "policymaker"].contains($0) }
        if !powerful.isEmpty, row != nil || !administrators.contains(user.name) {
            find(
                "has the tag \(powerful.joined(separator: ", ")), and was not expected to",
                shellLine("rabbitmqctl", "set_user_tags", user.name)
                    + (row == nil ? ", or name it with --administrator if it is an operator's" : ""))
        }
        if user.hashingAlgorithm == "rabbit_password_hashing_md5" {
            find("its password is kept as MD5", "change its password")
        }
        guard let row else { return findings }
        if let expected, !expected.contains(user.name) {
            find(
                "is not among the accounts that were provisioned: was it revoked?",
                shellLine("rabbitmqctl", "delete_user", user.name))
        }
        let unbounded = row.limits.definition.filter { name, most in
            user.limits[name].map { $0 < 0 || $0 > most } ?? true
        }
        if !unbounded.isEmpty {
            let limits = row.limits.definition.sorted { $0.key < $1.key }
            find(
                "may have more than its row of "
                    + unbounded.keys.sorted().map { $0.dropFirst("max-".count) }.joined(separator: " and of "),
                shellLine(
                    "rabbitmqctl", "set_user_limits", user.name,
                    "{" + limits.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}"))
        }
        return findings
    }

    // MARK: - Rights

    private func ofPermission(
        _ permission: ExportedDefinitions.Permission, _ row: Account?,
        _ topics: [ExportedDefinitions.TopicPermission]
    ) -> [SecurityFinding] {
        let (name, virtualHost) = (permission.user, permission.vhost)
        guard virtualHosts.contains(virtualHost) else {
            guard row != nil else { return [] }
            return [
                SecurityFinding(
                    account: name, virtualHost: virtualHost, problem: "has rights where there is no fleet",
                    remedy: shellLine("rabbitmqctl", "clear_permissions", "-p", virtualHost, name))
            ]
        }
        var problems = excess(
            [
                ("configure", permission.configure, row?.rights.configure),
                ("write", permission.write, row?.rights.write), ("read", permission.read, row?.rights.read),
            ], names(around: row))
        guard let row else {
            return problems.first.map { problem in
                [
                    SecurityFinding(
                        account: name, virtualHost: virtualHost,
                        problem: "is no account of a fleet, and \(problem)",
                        remedy: shellLine("rabbitmqctl", "clear_permissions", "-p", virtualHost, name)
                            + ", or name it with --administrator if it is an operator's")
                ]
            } ?? []
        }
        let rights = row.rights
        var findings = problems.map { problem in
            SecurityFinding(
                account: name, virtualHost: virtualHost, problem: problem,
                remedy: shellLine(
                    "rabbitmqctl", "set_permissions", "-p", virtualHost, name, rights.configure, rights.write,
                    rights.read))
        }
        if let topic = topics.first(where: { $0.vhost == virtualHost && $0.exchange == Self.topicExchange }) {
            problems = excess(
                [("write", topic.write, row.events.write), ("read", topic.read, row.events.read)],
                keys(around: row), user: name, virtualHost, "events with the key ")
        } else {
            problems = [
                "has no topic rights on \(Self.topicExchange), so that it may use every key there"
            ]
        }
        findings += problems.map { problem in
            SecurityFinding(
                account: name, virtualHost: virtualHost, problem: problem,
                remedy: shellLine(
                    "rabbitmqctl", "set_topic_permissions", "-p", virtualHost, name, Self.topicExchange,
                    row.events.write, row.events.read))
        }
        return findings
    }

    /// What each pattern allows beyond the row's, with an example; without a row, anything at all.
    private func excess(
        _ patterns: [(verb: String, actual: String, row: String?)], _ names: [String], user: String = "",
        _ virtualHost: String = "", _ object: String = ""
    ) -> [String] {
        patterns.compactMap { verb, actual, row -> String? in
            guard actual != row else { return nil }
            let pattern = RightsPattern(actual, user: user, virtualHost: virtualHost)
            guard pattern.isUnderstood else {
                return "what it may \(verb) cannot be understood: '\(actual)'"
            }
            let allowed = row.map { RightsPattern($0) }
            func isTooMuch(_ name: String) -> Bool {
                pattern.matches(name) && allowed?.matches(name) != true
            }
            let others = hosts.lazy.map(\.description).filter { !pattern.isPlain || actual.contains($0) }
            let example =
                names.first(where: isTooMuch)
                ?? others.flatMap { host in
                    object.isEmpty
                        ? ["reflow.tasks.\(host)", "reflow.control.\(host)"] : ["\(host).reflow.host.state"]
                }.first(where: isTooMuch)
            if let example { return "may \(verb) \(object)'\(example)', by '\(actual)'" }
            return row == nil || pattern.isAnchored
                ? nil : "the pattern of what it may \(verb) is not anchored: '\(actual)'"
        }
    }

    /// Names of exchanges and queues to try: what is worst if it is allowed comes first.
    private func names(around row: Account?) -> [String] {
        let own = row.flatMap { if case .host(let host) = $0.role { host } else { nil } }
        let ours =
            [
                "reflow.tasks", "reflow.control.all", "reflow.control", "reflow.events", "reflow.coordinator",
                "reflow.dead", "reflow.history", "reflow.unroutable", "reflow.probe",
                "reflow.coordinator.lease", "reflow.coordinator.chatter.x", "reflow.job.x", "reflow.watch.x",
            ] + ["nobody"].flatMap { ["reflow.tasks.\($0)", "reflow.control.\($0)"] }
        guard row != nil else { return ours }
        let alike = (ours + (own.map { ["reflow.tasks.\($0)", "reflow.control.\($0)"] } ?? [])).flatMap {
            [$0 + "-1", "1" + $0, $0.replacing(".", with: "-"), $0 + ".x"]
        }
        return ours + ["amq.default", "amq.topic", "amq.gen-x", "x"] + alike
    }

    /// Routing keys of events to try.
    private func keys(around row: Account) -> [String] {
        let own = if case .host(let host) = row.role { ["\(host)"] } else { [String]() }
        let alike = own.flatMap { ["\($0)-1", "1\($0)", "1-\($0)"] }
        return (["nobody"] + alike + ["_probe"]).map { "\($0).reflow.host.state" }
            + own.flatMap { ["\($0)-reflow-host", "\($0).x", "x.\($0).reflow.x"] } + ["#", "x"]
    }
}
