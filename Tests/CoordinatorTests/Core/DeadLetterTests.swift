import Contract
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("dead letters, as operators have them") struct DeadLetterTests {
    private func core(with letter: DeadLetter) async throws -> Core {
        let core = try await CoreBench().core
        await core.take([.dead(letter, nil, .init(settle: {}))])
        return core
    }

    private func letter(_ body: String, size: Int) -> DeadLetter {
        DeadLetter(
            reason: "malformed", queue: QueueName.tasks(named("a")), host: named("a"), messageID: "m1",
            body: Array(body.utf8), size: size)
    }

    @Test("one is sent again to where it came from, and is gone")
    func requeue() async throws {
        let core = try await core(with: letter("{}", size: 2))
        let listed = try #require(await core.deadLetters().first)
        #expect(listed.body == nil)
        #expect(try await core.deadLetter(listed.id).body == "{}")
        try await core.requeueDeadLetter(listed.id, by: "ada")
        let sent = try #require(await core.outgoing(most: 9).first)
        #expect(sent.messageID == "m1")
        #expect(sent.routingKey == "a")
        #expect(sent.body == Array("{}".utf8))
        #expect(try await core.deadLetters().isEmpty)
    }

    @Test("one whose content was too large to be kept is not sent again")
    func tooLarge() async throws {
        let core = try await core(with: letter("", size: 5_000_000))
        let listed = try #require(await core.deadLetters().first)
        #expect(listed.size == 5_000_000)
        await #expect(
            throws: OperationError.conflict(
                "the dead letter \(listed.id) was too large to be kept, 5000000 bytes: drop it")
        ) { try await core.requeueDeadLetter(listed.id, by: "ada") }
        #expect(await core.outgoing(most: 9).isEmpty)
        #expect(try await core.deadLetters().count == 1)
    }

    @Test("of each account and host the latest are kept, and nobody's push another's out")
    func bounds() async throws {
        let core = try await CoreBench().core
        func send(_ count: Int, of account: String, for host: String?, bytes: Int = 1) async {
            let inputs = (0..<count).map { number in
                let letter = DeadLetter(
                    reason: "delivery_limit", host: host.map { named($0) }, account: account,
                    messageID: "\(account)-\(host ?? "")-\(number)",
                    body: Array(repeating: 0x20, count: bytes), size: bytes)
                return CoreInput.dead(letter, nil, .init(settle: {}))
            }
            await core.take(inputs)
        }
        // What the broker has moved has the coordinator's account, whichever host it was for.
        await send(3, of: "reflow", for: "a")
        await send(2, of: "reflow-a", for: "a")
        await send(250, of: "reflow", for: "b")
        await send(20, of: "reflow", for: "c", bytes: 256 << 10)
        await send(250, of: "odd", for: nil)
        let kept = try await core.deadLetters()
        func count(_ account: String, _ host: String?) -> Int {
            kept.count { $0.account == account && $0.host == host.map { named($0) } }
        }
        #expect(count("reflow", "a") == 3)
        #expect(count("reflow-a", "a") == 2)
        #expect(count("reflow", "b") == DeadLetter.mostOfOne)
        #expect(count("reflow", "c") == 16)
        #expect(count("odd", nil) == DeadLetter.mostOfOne)
    }
}
