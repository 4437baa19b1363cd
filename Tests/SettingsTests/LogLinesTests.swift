import Glibc
import Logging
import Synchronization
import Testing

@testable import Settings

@Suite("The lines of a log") struct LogLinesTests {
    private static let time = timespec(tv_sec: 1_796_000_000, tv_nsec: 7_000_000)

    private func line(
        _ format: LogFormat, _ message: Logger.Message, _ metadata: Logger.Metadata = [:]
    ) -> String {
        var handler = LogLines(label: "reflow-worker", format: format)
        handler[metadataKey: "connection"] = "tasks"
        return handler.line(
            LogEvent(
                level: .warning, message: message, metadata: metadata, source: "Worker", file: "f",
                function: "g", line: 1),
            at: Self.time)
    }

    @Test("For people, as swift-log itself writes them")
    func text() {
        let line = line(.text, "not connected", ["error": "refused", "retryIn": "1s"])
        #expect(
            line.hasSuffix(
                " warning reflow-worker: connection=tasks error=refused retryIn=1s [Worker] not connected"))
        #expect(line.hasPrefix("2026-11-"))
    }

    @Test("For programs, an object each")
    func json() {
        #expect(
            line(.json, "a \"name\" \\ x", ["path": "/ä b", "message": "of another"])
                == #"{"time":"2026-11-30T00:53:20.007Z","level":"warning","logger":"reflow-worker","source":"Worker","message":"a \"name\" \\ x","connection":"tasks","metadata.message":"of another","path":"/ä b"}"#
        )
    }

    private static let evil = "x\u{1B}[2J\ny\u{9B}1A\u{202E}z\u{2028}"

    @Test(
        "Nothing of what others say is obeyed by a terminal, or begins a line", arguments: LogFormat.allCases)
    func obeyed(format: LogFormat) {
        let line = line(format, "\(Self.evil)", ["\(Self.evil)": "\(Self.evil)"])
        #expect(line.plain == line)
        #expect(format == .text || line.contains(#"x\u001b[2J\ny\u009b1A\u202ez\u2028"#))
    }

    private final class Written: Sendable {
        let lines = Mutex<[String]>([])
    }

    @Test("A logger writes whole lines, from its level on")
    func lines() {
        let written = Written()
        var log = Logger(label: "r") { label in
            LogLines(label: label, format: .text) { line in written.lines.withLock { $0.append(line) } }
        }
        log.logLevel = .notice
        log.info("unheard")
        log.notice("heard")
        let lines = written.lines.withLock { $0 }
        #expect(lines.count == 1)
        #expect(lines.first?.hasSuffix(" heard\n") == true)
    }
}
