public import Contract

/// An account at the broker, and all that it may do there: a row of the table of rights.
///
/// Provisioning gives exactly these rights, the security check compares with them, docs/security.md shows them, and tests try
/// them. Patterns are regular expressions (PCRE) that RabbitMQ does not anchor by itself.
public struct Account: Hashable, Sendable {
    /// Who logs in with it.
    public enum Role: Hashable, Sendable {
        /// `reflow serve`.
        case coordinator
        /// `reflow run` and `reflow control`.
        case job
        /// Consumers of events, such as monitoring.
        case watch
        /// `reflow provision`.
        case provision
        /// The worker of a host.
        case host(HostName)
    }

    /// What may be done with exchanges and queues whose names match.
    public struct Rights: Hashable, Sendable {
        /// Declared and deleted.
        public var configure: String
        /// Published to, of exchanges; bound, of queues.
        public var write: String
        /// Consumed and purged, of queues; bound to, of exchanges.
        public var read: String
    }

    /// With which routing keys events may be published, and queues bound to them.
    public struct TopicRights: Hashable, Sendable {
        public var write: String
        public var read: String
    }

    /// How much of the broker it may take at a time.
    public struct Limits: Hashable, Sendable {
        public var connections: Int
        public var channels: Int
    }

    public let role: Role
    public let rights: Rights
    /// Of the exchange `reflow.events`. An account without any for a topic exchange may use every key.
    public let events: TopicRights
    public let limits: Limits

    private init(
        _ role: Role, configure: String, write: String, read: String, events: (write: String, read: String),
        connections: Int, channels: Int
    ) {
        self.role = role
        rights = Rights(configure: configure, write: write, read: read)
        self.events = TopicRights(write: events.write, read: events.read)
        limits = Limits(connections: connections, channels: channels)
    }

    /// Its name at the broker.
    public var name: String {
        switch role {
        case .coordinator: AccountName.coordinator
        case .job: AccountName.job
        case .watch: AccountName.watch
        case .provision: AccountName.provision
        case .host(let host): AccountName.host(host)
        }
    }
}

extension Account {
    /// A host's own. Two workers at once, while one takes over from the other, have two connections each.
    public static func host(_ host: HostName) -> Account {
        Account(
            .host(host), configure: "^$", write: #"^reflow\.(events|dead)$"#,
            read: #"^reflow\.(tasks|control)\.\#(host)$"#, events: (#"^\#(host)\.reflow\."#, "^$"),
            connections: 4, channels: 16)
    }

    /// It declares again what was deleted, binds hosts' queues again, and tries its own ways to the queues (`_probe.`: no host's
    /// name). It makes no host's queue, and speaks for no host.
    public static let coordinator = Account(
        .coordinator,
        configure:
            #"^reflow\.(unroutable|dead|tasks|control|control\.all|events|history|probe|coordinator|coordinator\.(lease|chatter\..*))$"#,
        write:
            #"^reflow\.(unroutable|dead|tasks|control|events|history|probe|coordinator|coordinator\.chatter\..*|(tasks|control)\.[a-z0-9-]+)$"#,
        read:
            #"^reflow\.(unroutable|dead|tasks|control|control\.all|events|coordinator|coordinator\.(lease|chatter\..*))$"#,
        events: (#"^_probe\.reflow\."#, ".*"), connections: 8, channels: 64)

    /// As many jobs and operators as there are at a time.
    public static let job = Account(
        .job, configure: #"^reflow\.(probe|job\..*)$"#,
        write: #"^reflow\.(tasks|control|control\.all|probe|job\..*)$"#,
        read: #"^reflow\.(job\..*|events|dead)$"#, events: ("^$", ".*"), connections: 64, channels: 256)

    /// Queues of its own, and the stream of events.
    public static let watch = Account(
        .watch, configure: #"^reflow\.watch\."#, write: #"^reflow\.watch\."#,
        read: #"^reflow\.(watch\..*|events|history)$"#, events: ("^$", ".*"), connections: 64, channels: 256)

    /// It declares everything, and publishes no event.
    public static let provision = Account(
        .provision, configure: #"^reflow\..*$"#, write: #"^reflow\..*$"#, read: #"^reflow\..*$"#,
        events: ("^$", ".*"), connections: 4, channels: 64)

    /// Those that no host has.
    public static let shared = [coordinator, job, watch, provision]

    /// The row of the account called `name`; `nil` if it is none of ours.
    public static func named(_ name: String) -> Account? {
        shared.first { $0.name == name } ?? EventAddress.host(ofAccount: name).map(host)
    }

    /// The table in Markdown, as the manual has it.
    public static var markdown: String {
        func code(_ text: String) -> String { "`\(text.replacing("|", with: "\\|"))`" }
        let placeholder = "web-1"
        let rows = (HostName(placeholder).map { [host($0)] } ?? []) + shared
        let lines = rows.map { account in
            let cells =
                [
                    account.name, account.rights.configure, account.rights.write, account.rights.read,
                    account.events.write, account.events.read,
                ].map { code($0.replacing(placeholder, with: "<host>")) }
                + ["\(account.limits.connections), \(account.limits.channels)"]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        return
            ([
                "| account | configure | write | read | events: write | events: read | connections, channels |",
                "|---|---|---|---|---|---|---|",
            ] + lines).joined(separator: "\n")
    }
}
