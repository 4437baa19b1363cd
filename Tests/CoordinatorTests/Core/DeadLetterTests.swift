import Contract
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("dead letters, as operators have them") struct DeadLetterTests {
    private func core(with letter: DeadLetter) async throws -> Core {
        let core = try await CoreBench().core
        try await core.take([.dead(letter, nil, .init {})])
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
        #expect(try await core.outgoing(most: 9).isEmpty)
        #expect(try await core.deadLetters().count == 1)
    }
}
