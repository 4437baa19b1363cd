import Foundation
import Logging
import Support
import Synchronization
import Systemd
import Testing

@testable import Coordinator

/// A thread that stands still as the core's does, from ``begin(_:at:)`` until it is told to go on.
final class StuckThread: Sendable {
    private let end = DispatchSemaphore(value: 0)
    private let waiting = Mutex<(isOver: Bool, all: [CheckedContinuation<Void, Never>])>((false, []))

    func begin(_ health: CoreHealth, at work: CoreHealth.Work) {
        Thread.detachNewThread { [end] in health.during(work) { end.wait() } }
    }

    func goOn() {
        end.signal()
        let waiting = self.waiting.withLock { waiting in
            defer { waiting = (true, []) }
            return waiting.all
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until it goes on, cancelled or not: as one waits for the core.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = waiting.withLock { waiting in
                if !waiting.isOver { waiting.all.append(continuation) }
                return waiting.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}

@Suite("A core that stands still", .timeLimit(.minutes(1))) struct StandstillTests {
    @Test("is told in the log at once, after 10 s, after a minute, then every ten; and when it is over")
    func lines() {
        var log = StandstillLog()
        let start = ContinuousClock.now
        func note(_ seconds: Int) -> [StandstillLog.Line] {
            log.note(
                .init(work: .storing, since: start, duration: .seconds(seconds)),
                at: start + .seconds(seconds))
        }
        #expect(log.note(nil, at: start) == [])
        let told = (3...1300).flatMap { second in note(second).map { (second, $0) } }
        #expect(told.map(\.0) == [3, 10, 60, 660, 1260])
        #expect(told.map(\.1.level) == [.warning, .warning, .error, .error, .error])
        #expect(
            told.first?.1.text
                == "the core stands still: the disk with the coordinator's database has not answered for 3 s")
        #expect(
            log.note(nil, at: start + .seconds(1301)) == [
                .init(level: .notice, text: "the core gets on again, after 1301 s")
            ])
        #expect(log.note(nil, at: start + .seconds(1302)) == [])
    }

    @Test("again at once, is told as another time")
    func again() {
        var log = StandstillLog()
        let start = ContinuousClock.now
        _ = log.note(
            .init(work: .deciding, since: start, duration: .seconds(3)), at: start + .seconds(3))
        let lines = log.note(
            .init(work: .storing, since: start + .seconds(4), duration: .seconds(3)),
            at: start + .seconds(7))
        #expect(lines.map(\.level) == [.notice, .warning])
    }

    @Test("for a moment, again and again, is told once in ten minutes, with how often it was")
    func slow() {
        var log = StandstillLog()
        let start = ContinuousClock.now
        var lines: [StandstillLog.Line] = []
        for second in stride(from: 0, to: 1100, by: 5) {
            let since = start + .seconds(second)
            lines += log.note(
                .init(work: .storing, since: since, duration: .seconds(3)), at: since + .seconds(3))
            lines += log.note(nil, at: since + .seconds(4))
        }
        #expect(lines.map(\.level) == [.warning, .notice, .warning, .notice])
        #expect(lines[2].text.hasSuffix("; 119 times more since that was last said"))
        // One that lasts is told nevertheless.
        let since = start + .seconds(1101)
        var long: [StandstillLog.Line] = []
        for seconds in [Duration.seconds(3), .seconds(10)] {
            long += log.note(.init(work: .storing, since: since, duration: seconds), at: since + seconds)
        }
        #expect(long.map(\.level) == [.warning])
        #expect(log.note(nil, at: since + .seconds(11)).map(\.level) == [.notice])
    }

    @Test("is told while it lasts, by a service that looks from outside")
    func outside() async throws {
        let health = CoreHealth()
        let lines = LogTexts()
        let watchdog = WatchdogService(
            health: health, systemd: SystemdNotify(environment: [:]),
            log: Logger(label: "test") { _ in lines })
        let watching = Task { try await watchdog.run() }
        defer { watching.cancel() }
        let stuck = StuckThread()
        stuck.begin(health, at: .storing)
        try await lines.wait(for: "the core stands still: the disk")
        stuck.goOn()
        try await lines.wait(for: "the core gets on again")
    }

    @Test("an order that was withdrawn is not begun, and one that was begun is not withdrawn")
    func orders() {
        let withdrawn = Order()
        #expect(withdrawn.withdraw())
        #expect(!withdrawn.begin())
        let begun = Order()
        #expect(begun.begin())
        #expect(begun.begin(), "of several steps")
        #expect(!begun.withdraw())
    }
}

/// What was logged.
struct LogTexts: LogHandler {
    private final class Texts: Sendable { let all = Mutex<[String]>([]) }
    private let texts = Texts()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { texts.all.withLock { $0.append("\(event.message)") } }

    func wait(for text: String) async throws {
        while !texts.all.withLock({ $0.contains { $0.contains(text) } }) {
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
