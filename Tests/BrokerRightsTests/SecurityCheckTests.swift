import BrokerKit
import Contract
import Foundation
import Testing

@testable import BrokerRights

@Suite("What is more than the table of rights") struct SecurityCheckTests {
    /// A fleet as it is provisioned, with other hosts beside web-1.
    private func provisioned() throws -> ExportedDefinitions {
        var former = FleetCredentials.Former()
        former.hosts = Set(["web-1", "web-10", "db"].compactMap { HostName($0) })
        let credentials = FleetCredentials(former, virtualHost: "reflow", newPassword: { "p" })
        return try ExportedDefinitions(
            json: Array(try credentials.definitions(hostQueues: .quorum).json().utf8))
    }

    @Test("as provisioned, there is nothing")
    func nothing() throws {
        #expect(SecurityCheck(try provisioned()).findings == [])
    }

    /// What is changed of the account, and what is said of it.
    struct Case: Sendable {
        var account = "reflow-web-1"
        var configure: String?
        var write: String?
        var read: String?
        var topicWrite: String?
        var topicRead: String?
        /// Words of the finding; `nil` where none is to be.
        var words: String?
        var remedy: String?
    }

    @Test(
        "each account that can do more than its row is named with an example, and how to mend it",
        arguments: [
            Case(
                write: ".*", words: "may write 'reflow.tasks', by '.*'",
                remedy: "rabbitmqctl set_permissions -p reflow reflow-web-1 '^$'"),
            Case(read: ".*", words: "may read 'reflow.tasks"),
            Case(configure: ".*", words: "may configure 'reflow.tasks'"),
            Case(read: #"^reflow\.(tasks|control)\.web-1"#, words: "may read 'reflow.tasks.web-1-1'"),
            Case(read: "^reflow.(tasks|control).web-1$", words: "may read 'reflow-tasks-web-1'"),
            Case(read: #"reflow\.(tasks|control)\.web-1$"#, words: "may read '1reflow.tasks.web-1'"),
            Case(read: #"^reflow\.(tasks|control)\.(web-1|db)$"#, words: "may read 'reflow.tasks.db'"),
            Case(read: #"^reflow\.(tasks|control)\.web-[0-9]+$"#, words: "may read 'reflow.tasks.web-10'"),
            Case(read: #"^reflow\.tasks\.web-1$|^x$"#, words: "may read 'x'"),
            Case(read: "(", words: "cannot be understood"),
            Case(write: #"^reflow\.events$"#, words: nil),
            Case(write: "", words: nil),
            Case(write: #"^reflow\.events$|^reflow\.dead$"#, words: "is not anchored"),
            Case(write: #"^(reflow\.(events|dead)|amq\.default)$"#, words: "may write 'amq.default'"),
            Case(
                topicWrite: ".*", words: "may write events with the key 'nobody.reflow.host.state'",
                remedy: "rabbitmqctl set_topic_permissions -p reflow reflow-web-1 reflow.events"),
            Case(topicWrite: #"^web-1\."#, words: "web-1.x"),
            Case(topicWrite: #"^web-1"#, words: "events with the key 'web-1-1.reflow.host.state'"),
            Case(topicWrite: #"^(web-1|db)\.reflow\."#, words: "events with the key 'db.reflow.host.state'"),
            Case(topicWrite: #"^{username}\.reflow\."#, words: nil),
            Case(topicRead: ".*", words: "may read events"),
            Case(account: AccountName.job, write: #"^reflow\..*"#, words: "may write 'reflow.events'"),
            Case(account: AccountName.watch, read: #"^reflow\..*$"#, words: "may read 'reflow.tasks'"),
            Case(
                account: AccountName.coordinator, topicWrite: ".*",
                words: "events with the key 'nobody.reflow.host.state'"),
        ])
    func excess(one: Case) throws {
        var definitions = try provisioned()
        for index in definitions.permissions.indices where definitions.permissions[index].user == one.account
        {
            definitions.permissions[index].configure =
                one.configure ?? definitions.permissions[index].configure
            definitions.permissions[index].write = one.write ?? definitions.permissions[index].write
            definitions.permissions[index].read = one.read ?? definitions.permissions[index].read
        }
        for index in definitions.topicPermissions.indices
        where definitions.topicPermissions[index].user == one.account {
            let old = definitions.topicPermissions[index]
            definitions.topicPermissions[index].write = one.topicWrite ?? old.write
            definitions.topicPermissions[index].read = one.topicRead ?? old.read
        }
        let findings = SecurityCheck(definitions).findings
        guard let words = one.words else {
            #expect(findings == [])
            return
        }
        #expect(findings.count == 1, "\(findings)")
        #expect(findings.first?.account == one.account)
        #expect(findings.first?.virtualHost == "reflow")
        #expect(findings.first?.problem.contains(words) == true, "\(findings)")
        #expect(findings.first?.remedy.hasPrefix(one.remedy ?? "rabbitmqctl set_") == true, "\(findings)")
    }

    @Test(
        "accounts that nobody expects, tags, other virtual hosts, missing topic rights and limits are named")
    func accounts() throws {
        var definitions = try provisioned()
        let more = try ExportedDefinitions(
            json: Array(
                #"""
                {"users": [
                    {"name": "guest", "tags": ["administrator"], "limits": []},
                    {"name": "ada", "tags": ["administrator"]}, {"name": "eve", "tags": "administrator"},
                    {"name": "other", "tags": [], "hashing_algorithm": "rabbit_password_hashing_md5"},
                    {"name": "quiet", "tags": ["monitoring"]}],
                 "permissions": [
                    {"user": "guest", "vhost": "reflow", "configure": ".*", "write": ".*", "read": ".*"},
                    {"user": "ada", "vhost": "reflow", "configure": ".*", "write": ".*", "read": ".*"},
                    {"user": "other", "vhost": "reflow", "configure": "^$", "write": "^reflow", "read": "^$"},
                    {"user": "quiet", "vhost": "elsewhere", "configure": ".*", "write": ".*", "read": ".*"},
                    {"user": "reflow-db", "vhost": "elsewhere", "configure": "", "write": "", "read": ""}]}
                """#.utf8))
        definitions.users += more.users
        definitions.permissions += more.permissions
        definitions.topicPermissions.removeAll { $0.user == "reflow-web-1" }
        for index in definitions.users.indices {
            switch definitions.users[index].name {
            case "reflow-web-10": definitions.users[index].limits = ["max-channels": 16]
            case AccountName.job: definitions.users[index].tags = ["management"]
            default: break
            }
        }
        let check = SecurityCheck(
            definitions, administrators: ["ada"],
            expected: Set(definitions.users.map(\.name)).subtracting(["reflow-db"]))
        #expect(check.virtualHosts == ["reflow"])
        let found = check.findings.map { "\($0.account ?? ""): \($0.problem)" }
        let wanted = [
            "eve: has the tag administrator", "guest: RabbitMQ's own account",
            "other: its password is kept as MD5",
            "other: is no account of a fleet, and may write 'reflow.tasks'",
            "reflow-db: is not among the accounts", "reflow-db: has rights where there is no fleet",
            "reflow-web-1: has no topic rights", "reflow-web-10: may have more than its row of connections",
            "reflow.job: has the tag management",
        ]
        #expect(found.count == wanted.count, "\(found)")
        for (found, wanted) in zip(found, wanted) { #expect(found.hasPrefix(wanted), "\(found)") }
    }

    @Test("a rabbitmq.conf is looked at for ways in that nothing protects; the one that we ship has none")
    func configuration() throws {
        let shipped = URL(filePath: #filePath).appending(path: "../../../deploy/rabbitmq/rabbitmq.conf")
        let text = try String(contentsOf: shipped.standardized, encoding: .utf8)
        #expect(BrokerConfigurationCheck(text).findings == [])
        let cases: [(text: String, words: [String])] = [
            ("", ["at every address"]), ("# listeners.tcp = none", ["at every address"]),
            ("listeners.tcp = none", []), ("listeners.tcp=none # by hand", []),
            ("listeners.tcp.1 = [::1]:5672", []), ("listeners.tcp.default = 5672", ["5672"]),
            ("listeners.tcp.1 = 127.0.0.1:5672\nlisteners.tcp.2 = 10.0.0.1:5672", ["10.0.0.1:5672"]),
            ("listeners.tcp = none\nloopback_users = none", ["guest may log in"]),
            ("listeners.tcp = none\nloopback_users.guest = false", ["guest may log in"]),
            ("listeners.tcp = none\nmanagement.tcp.port = 15672", ["15672"]),
            ("listeners.tcp = none\nmanagement.tcp.port = 15672\nmanagement.tcp.ip = 127.0.0.1", []),
            ("listeners.tcp = none\nssl_options.versions.1 = tlsv1.1", ["tlsv1.1"]),
            ("listeners.tcp = none\nanonymous_login_user = guest", ["as guest"]),
        ]
        for (text, words) in cases {
            let findings = BrokerConfigurationCheck(text).findings
            #expect(findings.count == words.count, "\(text): \(findings)")
            for (finding, words) in zip(findings, words) {
                #expect("\(finding)".contains(words), "\(text): \(finding)")
            }
        }
    }
}
