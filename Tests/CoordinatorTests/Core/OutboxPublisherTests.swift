import AMQP
import BrokerKit
import Contract
import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The outbox", .timeLimit(.minutes(1))) struct OutboxPublisherTests {
    /// What the publisher hands over, which the test answers.
    private final class Post: Sendable {
        let handedOver: AsyncStream<(Store.Outgoing, @Sendable (OutboxPublisher.Outcome) -> Void)>
        private let continuation:
            AsyncStream<(Store.Outgoing, @Sendable (OutboxPublisher.Outcome) -> Void)>
                .Continuation
        /// What was broken off.
        let brokenOff: AsyncStream<Store.Outgoing>
        private let breakOff: AsyncStream<Store.Outgoing>.Continuation

        init() {
            (handedOver, continuation) = AsyncStream.makeStream()
            (brokenOff, breakOff) = AsyncStream.makeStream()
        }

        @Sendable func publish(_ message: Store.Outgoing) async -> OutboxPublisher.Outcome {
            let (answers, answer) = AsyncStream.makeStream(of: OutboxPublisher.Outcome.self)
            continuation.yield((message, { answer.yield($0) }))
            for await outcome in answers { return outcome }
            breakOff.yield(message)  // cancelled
            return .again
        }
    }

    /// Runs a publisher while `work` does.
    private func publishing(
        of bench: CoreBench, _ work: (Post) async throws -> Void
    ) async throws {
        let post = Post()
        let publisher = OutboxPublisher(core: bench.core, publish: post.publish, pause: .zero)
        let running = Task { await publisher.run() }
        defer {
            running.cancel()
            bench.core.outboxWake.close()
        }
        try await work(post)
    }

    /// A coordinator that has told hosts `a` and `b` something.
    private func bench() async throws -> (CoreBench, survey: String) {
        let bench = try await CoreBench()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        let request = SurveyRequest(hosts: [named("a"), named("b")], paths: ["/srv/*"], top: 20)
        let id = try await bench.core.startSurvey(request, by: "ada").id
        try await bench.core.say(.init(generation: 1, mode: .pause), to: named("a"))
        try await bench.core.say(.init(generation: 2, mode: .run), to: named("a"))
        return (bench, id)
    }

    @Test("goes to each queue one message after the other, desired states first, and to others meanwhile")
    func order() async throws {
        let (bench, _) = try await bench()
        try await publishing(of: bench) { post in
            var handedOver = post.handedOver.makeAsyncIterator()
            var first: [(Store.Outgoing, @Sendable (OutboxPublisher.Outcome) -> Void)] = []
            for _ in 0..<3 { first.append(try #require(await handedOver.next())) }
            // They are never confirmed: a pause does not wait for them.
            #expect(Set(first.filter { $0.0.kind == .survey }.map(\.0.host)) == ["a", "b"])
            let (pause, ofPause) = try #require(first.first { $0.0.kind == .control })
            #expect(try [pause].desires.map(\.mode) == [.pause])
            // The broker does not take it just now: what follows does not overtake it.
            ofPause(.again)
            let (again, ofAgain) = try #require(await handedOver.next())
            #expect(again == pause)
            ofAgain(.published)
            let (run, ofRun) = try #require(await handedOver.next())
            #expect(try [run].desires.map(\.mode) == [.run])
            ofRun(.published)
        }
    }

    @Test("what cannot be delivered is told to whoever waits for it")
    func undeliverable() async throws {
        let (bench, survey) = try await bench()
        try await publishing(of: bench) { post in
            var handedOver = post.handedOver.makeAsyncIterator()
            var first: [(Store.Outgoing, @Sendable (OutboxPublisher.Outcome) -> Void)] = []
            for _ in 0..<3 { first.append(try #require(await handedOver.next())) }
            try #require(first.first { $0.0.kind == .survey && $0.0.host == "a" }).1(
                .undeliverable("has no task queue"))
            while try await bench.core.survey(survey).hosts[0].message == nil {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await bench.core.survey(survey).hosts[0].message == "a has no task queue")
        }
    }

    @Test("stops when the lease is lost, and goes on with the same when it is there again")
    func lease() async throws {
        let (bench, _) = try await bench()
        try await publishing(of: bench) { post in
            var handedOver = post.handedOver.makeAsyncIterator()
            var first: Set<String> = []
            for _ in 0..<3 { first.insert(try #require(await handedOver.next()).0.messageID) }
            await bench.take(.away(.lease, "another coordinator is at work"))
            #expect(await bench.core.outgoing(most: .max).isEmpty)
            await bench.take(.back(.lease))
            // What was under way was broken off, and nobody has confirmed it.
            var second: Set<String> = []
            while second.count < 3 { second.insert(try #require(await handedOver.next()).0.messageID) }
            #expect(second == first)
        }
    }

    @Test("is broken off without the lease, also while the core waits for its disk")
    func disk() async throws {
        let (bench, _) = try await bench()
        try await publishing(of: bench) { post in
            var handedOver = post.handedOver.makeAsyncIterator()
            var first: [(Store.Outgoing, @Sendable (OutboxPublisher.Outcome) -> Void)] = []
            for _ in 0..<3 { first.append(try #require(await handedOver.next())) }
            try bench.store.readNow { try $0.db.execute(sql: "PRAGMA query_only = 1") }
            first[0].1(.published)
            while bench.core.health[.store] == nil { try await Task.sleep(for: .milliseconds(5)) }
            bench.core.publications.note(
                .notConsuming(queue: Topology.leaseQueue.name, AMQPError(.cancelled, ""), retryIn: .zero))
            #expect(!bench.core.mayPublish)
            var brokenOff = post.brokenOff.makeAsyncIterator()
            var messages: Set<String> = []
            for _ in 0..<2 { messages.insert(try #require(await brokenOff.next()).messageID) }
            #expect(messages == Set(first[1...].map(\.0.messageID)))
            try bench.store.readNow { try $0.db.execute(sql: "PRAGMA query_only = 0") }
        }
    }

    @Test("is broken off when the connection with the lease is lost, also after the other one was")
    func connection() async throws {
        let (bench, _) = try await bench()
        bench.core.health[.lease] = "not known yet"
        await bench.take(.back(.lease))
        try await publishing(of: bench) { post in
            var handedOver = post.handedOver.makeAsyncIterator()
            for _ in 0..<3 { _ = await handedOver.next() }
            await bench.take(.away(.link(.publishing), "reset"))
            await bench.take(.away(.link(.consuming), "reset"))
            #expect(!bench.core.mayPublish)
            var brokenOff = post.brokenOff.makeAsyncIterator()
            for _ in 0..<3 { #expect(await brokenOff.next() != nil) }
        }
    }

    @Test("is allowed again by the connection that has the lease, and by nothing else")
    func states() {
        let publications = Publications()
        let lost = AMQPError(.cancelled, "")
        let lease = Topology.leaseQueue.name
        let changes: [(ConnectionState, Bool)] = [
            (.connected, false), (.notConsuming(queue: "q", lost, retryIn: .zero), false),
            (.consuming(queue: lease), false), (.disconnected(lost, retryIn: .zero), true),
            (.connected, true), (.consuming(queue: "q"), true), (.consuming(queue: lease), false),
            (.notConsuming(queue: lease, lost, retryIn: .zero), true),
        ]
        for (change, isForbidden) in changes {
            publications.note(change)
            #expect(publications.isForbidden == isForbidden, "\(change)")
        }
    }

    @Test("of what the broker does not take each kind is logged once, and then counted")
    func refusals() throws {
        let lines = Lines()
        let refusals = Refusals(log: Logger(label: "test") { _ in lines })
        let start = ContinuousClock.now
        func refuse(_ kind: Store.Outgoing.Kind, _ host: Int, _ code: AMQPError.Code, after seconds: Int) {
            let message = Store.Outgoing(
                exchange: ExchangeName.tasks, routingKey: "h\(host)", messageID: "1", contentType: "",
                type: "t", body: [], kind: kind)
            refusals.note(message, AMQPError(code, "to h\(host)"), at: start + .seconds(seconds))
        }
        for second in 0..<60 {
            for host in 0..<100 { refuse(.slice, host, .nacked, after: second) }
        }
        refuse(.slice, 0, .timeout, after: 60)
        refuse(.control, 0, .nacked, after: 60)
        refuse(.slice, 0, .nacked, after: 601)
        #expect(lines.repeated == ["0", "0", "0", "5999"])
    }

    @Test(
        "what an error means for a message",
        arguments: [
            (AMQPError(.unreachable, ""), true), (AMQPError(.nacked, ""), true),
            (AMQPError(.timeout, ""), true),
            (AMQPError(.notFound, "no exchange"), true), (AMQPError(.tooLarge, ""), false),
            (AMQPError(.accessRefused, ""), false),
        ])
    func outcomes(error: AMQPError, isAgain: Bool) {
        #expect((OutboxPublisher.Outcome(error) == .again) == isAgain)
    }
}

/// Keeps of each line how often it was not said before.
private struct Lines: LogHandler {
    private final class Kept: Sendable {
        let lines = Mutex<[String]>([])
    }

    private let kept = Kept()
    var repeated: [String] { kept.lines.withLock(\.self) }

    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        kept.lines.withLock { $0.append("\(event.metadata?["repeated"] ?? "none")") }
    }
}
