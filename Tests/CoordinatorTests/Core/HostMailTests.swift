@testable import AMQP
import Contract
import DefragTypes
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("What the broker delivers") struct HostMailTests {
    private let mail = HostMail(ownUser: "reflow", sharedUser: nil)

    private func event(by user: String?, of source: String = "/hosts/alpha") throws -> HostMail.Meaning {
        var properties = MessageProperties()
        properties.userID = user
        let message = Contract.Message<HostEvent>(
            id: "1", source: source, body: .progress(.init(running: [])))
        return mail.meaning(of: try message.json(), properties, from: ExchangeName.events)
    }

    @Test("an event is believed of the host whose account has published it")
    func events() throws {
        guard case .event(let host, .progress, "1") = try event(by: "reflow-alpha") else {
            Issue.record("not believed")
            return
        }
        #expect(host == Samples.name("alpha"))
        for user in ["reflow-beta", "reflow", nil] {
            guard case .ignored(let why) = try event(by: user) else {
                Issue.record("\(user ?? "nobody") was believed")
                continue
            }
            #expect(why.contains("only 'reflow-alpha' is believed"))
        }
        guard case .ignored = try event(by: "reflow-alpha", of: "/coordinator") else {
            Issue.record("no host has said it")
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
            case .dead(let letter, let host) = mail.meaning(of: [1, 2], properties, from: ExchangeName.dead)
        else {
            Issue.record("no dead letter")
            return
        }
        #expect(host == (isBelieved ? Samples.name("alpha") : nil))
        #expect(letter.why == "malformed: no path")
        #expect(letter.body == [1, 2])
        #expect(letter.messageID == "r-0-1")
    }

    @Test("one that the broker has moved says where it came from, and is the coordinator's own")
    func brokersDeadLetter() {
        var properties = MessageProperties()
        properties.userID = "reflow"
        properties.headers = [
            "x-first-death-reason": "delivery_limit", "x-first-death-queue": "reflow.tasks.beta",
        ]
        guard case .dead(let letter, let host) = mail.meaning(of: [], properties, from: ExchangeName.dead)
        else {
            Issue.record("no dead letter")
            return
        }
        #expect(letter.reason == "delivery_limit")
        #expect(host == Samples.name("beta"))
    }
}
