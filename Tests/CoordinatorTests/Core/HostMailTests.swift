@testable import AMQP
import Contract
import DefragTypes
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("What the broker delivers") struct HostMailTests {
    private let mail = HostMail(ownUser: "reflow", sharedUser: nil)

    /// What a message to `exchange` means, published by `user` with this routing key.
    private func meaning(
        of bytes: [UInt8], _ properties: MessageProperties, to exchange: String, key: String
    ) -> HostMail.Meaning {
        let sender = mail.sender(properties, routingKey: key, isDead: exchange == ExchangeName.dead)
        return mail.meaning(of: bytes, properties, to: exchange, from: sender)
    }

    private func event(
        by user: String?, of source: String = "/hosts/alpha", key: String = "alpha.reflow.progress"
    ) throws -> HostMail.Meaning {
        var properties = MessageProperties()
        properties.userID = user
        let message = Contract.Message<HostEvent>(
            id: "1", source: source, body: .progress(.init(running: [])))
        return meaning(of: try message.json(), properties, to: ExchangeName.events, key: key)
    }

    @Test("an event is believed of the host whose account has published it")
    func events() throws {
        guard case .event(let host, .progress, "1") = try event(by: "reflow-alpha") else {
            Issue.record("not believed")
            return
        }
        #expect(host == Samples.name("alpha"))
        for user in ["reflow-beta", "reflow", nil] {
            guard case .refused(let complaint) = try event(by: user) else {
                Issue.record("\(user ?? "nobody") was believed")
                continue
            }
            #expect(complaint.subject.kind == .notBelieved)
            #expect(complaint.subject.account == user)
        }
        for source in ["/coordinator", "/hosts/beta", "alpha"] {
            guard case .refused(let complaint) = try event(by: "reflow-alpha", of: source) else {
                Issue.record("\(source) has not said it")
                continue
            }
            #expect(
                complaint.subject == .init(account: "reflow-alpha", host: named("alpha"), kind: .notBelieved))
        }
        guard case .refused = try event(by: "reflow-alpha", key: "beta.reflow.progress") else {
            Issue.record("the key is another host's")
            return
        }
    }

    @Test(
        "a dead letter is kept whoever publishes it, and believed of its host and of the broker only",
        arguments: [
            ("reflow-beta", "reflow.tasks.alpha", false), ("reflow-alpha", "reflow.tasks.alpha", true),
            ("reflow-alpha", "reflow.control.alpha", true), ("reflow", "reflow.tasks.alpha", true),
            ("reflow", "reflow.coordinator", false), (nil, "reflow.tasks.alpha", false),
        ] as [(String?, String, Bool)])
    func deadLetters(user: String?, queue: String, isBelieved: Bool) {
        var properties = MessageProperties()
        properties.userID = user
        properties.messageID = "r-0-1"
        properties.headers = [
            DeadLetterHeader.reason: "malformed", DeadLetterHeader.detail: "no path",
            DeadLetterHeader.queue: .string(queue),
        ]
        guard
            case .dead(let letter, let host) = meaning(
                of: [1, 2], properties, to: ExchangeName.dead, key: "")
        else {
            Issue.record("no dead letter")
            return
        }
        #expect(host == (isBelieved ? Samples.name("alpha") : nil))
        // What is not believed counts among those of whoever says it.
        #expect(letter.host == host ?? user.flatMap(EventAddress.host(ofAccount:)))
        #expect(letter.why == "malformed: no path")
        #expect(letter.body == [1, 2])
        #expect(letter.messageID == "r-0-1")
    }

    @Test(
        "what a host did not believe counts as our task's end only if it was ours",
        arguments: [("reflow", true), ("reflow-beta", false), (nil, false)] as [(String?, Bool)])
    func notBelieved(publisher: String?, isOurs: Bool) {
        var properties = MessageProperties()
        properties.userID = "reflow-alpha"
        properties.headers = [
            DeadLetterHeader.reason: "notBelieved", DeadLetterHeader.queue: "reflow.tasks.alpha",
        ]
        properties.headers[DeadLetterHeader.account] = publisher.map { .string($0) }
        guard case .dead(let letter, let host) = meaning(of: [], properties, to: ExchangeName.dead, key: "")
        else {
            Issue.record("no dead letter")
            return
        }
        #expect(host == (isOurs ? Samples.name("alpha") : nil))
        #expect(letter.host == Samples.name("alpha"))
    }

    @Test("one that the broker has moved says where it came from, and is the coordinator's own")
    func brokersDeadLetter() {
        var properties = MessageProperties()
        properties.userID = "reflow"
        properties.headers = [
            "x-first-death-reason": "delivery_limit", "x-first-death-queue": "reflow.tasks.beta",
        ]
        guard case .dead(let letter, let host) = meaning(of: [], properties, to: ExchangeName.dead, key: "")
        else {
            Issue.record("no dead letter")
            return
        }
        #expect(letter.reason == "delivery_limit")
        #expect(host == Samples.name("beta"))
    }

    @Test("where hosts share the coordinator's account, the broker's own word tells what it has moved")
    func sharedAccount() {
        let mail = HostMail(ownUser: "guest", sharedUser: "guest")
        var properties = MessageProperties()
        properties.userID = "guest"
        #expect(!mail.sender(properties, routingKey: "alpha", isDead: true).isOwn)
        properties.headers = ["x-first-death-reason": "maxlen"]
        #expect(
            mail.sender(properties, routingKey: "alpha", isDead: true)
                == .init(account: "guest", host: named("alpha"), isOwn: true))
        #expect(!mail.sender(properties, routingKey: "alpha.reflow.progress", isDead: false).isOwn)
    }
}
