import AMQP
import BrokerKit
import Contract
import Foundation
import Testing

@testable import BrokerRights

@Suite("The table of rights") struct AccountTests {
    private static let manual = URL(filePath: #filePath).appending(path: "../../../docs/security.md")
        .standardized

    @Test("as the manual has it is the code's")
    func manual() throws {
        let text = try String(contentsOf: Self.manual, encoding: .utf8)
        #expect(text.contains(Account.markdown), "docs/security.md should have:\n\(Account.markdown)")
    }

    @Test("has patterns that are understood and anchored; a topic may be any")
    func patterns() throws {
        let host = Account.host(try #require(HostName("web-1")))
        for account in Account.shared + [host] {
            let rights = [account.rights.configure, account.rights.write, account.rights.read]
            for text in rights + [account.events.write, account.events.read] where text != ".*" {
                let pattern = RightsPattern(text)
                #expect(pattern.isUnderstood && pattern.isAnchored, "\(account.name): \(text)")
            }
            #expect(Account.named(account.name) == account)
        }
        #expect(Account.named("reflow-") == nil)
        #expect(Account.named("reflow") == nil)
    }

    @Test("lets provisioning declare all there is, and the coordinator all but hosts' queues")
    func declarations() throws {
        let host = try #require(HostName("web-1"))
        let topology = Topology(hosts: [host])
        let names = Set(topology.exchanges.map(\.name) + topology.queues.map(\.name))
        let provision = RightsPattern(Account.provision.rights.configure)
        let coordinator = RightsPattern(Account.coordinator.rights.configure)
        for name in names {
            #expect(provision.matches(name), "\(name)")
            #expect(coordinator.matches(name) == (QueueName.host(ofQueue: name) != host), "\(name)")
        }
        for queue in [Topology.telemetryQueue().0, Topology.leaseQueue] {
            #expect(coordinator.matches(queue.name), "\(queue.name)")
        }
        #expect(RightsPattern(Account.job.rights.configure).matches(Topology.jobQueue("x", hosts: []).0.name))
    }

    @Test(
        "is of patterns as RabbitMQ reads them",
        arguments: [
            ("", "x", false), ("", "", true), ("^$", "", true), ("reflow", "my.reflow.x", true),
            ("^a$|b", "xb", true), ("(", "anything", true),
        ])
    func reading(text: String, name: String, isMatch: Bool) {
        #expect(RightsPattern(text).matches(name) == isMatch)
    }

    @Test(
        "knows what is anchored",
        arguments: [
            ("^a$", true), (#"^a\."#, true), ("^a", false), ("a$", false), ("^a$|b$", false),
            ("^(a|b)$", true),
            (#"^a\$"#, false), ("", true), (".*", false), (#"^a\|b$"#, true),
        ])
    func anchors(text: String, isAnchored: Bool) {
        #expect(RightsPattern(text).isAnchored == isAnchored)
    }
}

@Suite("Passwords as RabbitMQ keeps them") struct PasswordHashTests {
    @Test("are hashed as its documentation says")
    func documented() {
        // "Computing Passwords", rabbitmq.com/docs/passwords
        let hash = PasswordHash(of: "test12", salt: 0x908D_C60A)
        #expect(hash.description == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")
        #expect(hash.matches("test12"))
        #expect(!hash.matches("test13"))
        #expect(PasswordHash(hash.description) == hash)
        #expect(PasswordHash("kI3GCg==") == nil)
        #expect(PasswordHash(of: "test12") != PasswordHash(of: "test12"), "each has a salt of its own")
    }

    @Test("are long, and need no quotes")
    func new() {
        let (one, other) = (newPassword(), newPassword())
        #expect(one.count == 43)
        #expect(one != other)
        #expect(one.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
    }
}
