import Contract
import DefragTypes
import Dispatch
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("reading, while the core is busy", .timeLimit(.minutes(1))) struct ReadingTests {
    @Test("what is in the store alone does not wait for it")
    func besides() async throws {
        let core = try await CoreBench().core
        let (entered, continuation) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        async let step: Void = core.take([
            .dead(
                DeadLetter(reason: "malformed", body: [], size: 0), nil,
                .init {
                    continuation.yield()
                    // Whoever waits for the core would wait for ever.
                    #expect(gate.wait(timeout: .now() + 20) == .success)
                })
        ])
        for await _ in entered { break }
        let events = try await core.events(EventQuery())
        let letters = try await core.deadLetters()
        let audit = try await core.audit(before: nil, limit: 9)
        gate.signal()
        await step
        #expect(events.map(\.type) == ["message.dead"])
        #expect(letters.map(\.reason) == ["malformed"])
        #expect(audit.items.isEmpty)
    }

    @Test("a page has a next one only where there is one")
    func pages() async throws {
        let bench = try await CoreBench()
        let (core, store) = (bench.core, bench.store)
        var played = PlayedRollout(hosts: ["a"], at: Date())
        let (fresh, now) = (played.rollout, played.now)
        played.handle(.start)
        played.answerSurvey("a", (0..<4).map { surveyed("/v/\($0)", gain: Double(9 - $0)) })
        let delta = played.takeDelta()
        try await store.write { unit in
            try unit.insert(fresh, text: "", at: now)
            try unit.apply(delta, at: now)
            for number in 0..<4 {
                try unit.record(.init(time: Timestamp(now), who: "ada", action: "\(number)", object: ""))
            }
        }
        var pages: [[Int64]] = []
        var after: Int64?
        repeat {
            let page = try await core.targets(ofRollout: "r1", TargetQuery(after: after, limit: 2))
            pages.append(page.items.map(\.number))
            after = page.next
        } while after != nil
        #expect(pages == [[0, 1], [2, 3]])
        let last = try await core.audit(before: core.audit(before: nil, limit: 2).next, limit: 2)
        #expect(last.items.map(\.action) == ["1", "0"])
        #expect(last.next == nil)
    }
}
