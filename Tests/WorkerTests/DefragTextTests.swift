import DefragTypes
import Testing

@testable import Defrag
@testable import Worker

@Suite("What defrag tells people") struct DefragTextTests {
    private func progress(
        at offset: ByteCount, of size: ByteCount, pause: Duration = .milliseconds(18), after elapsed: Duration
    ) -> DefragProgress {
        DefragProgress(
            offset: offset, size: size, rewritten: offset, unshared: .zero, chunk: .mebibytes(1),
            pause: pause, wait: .milliseconds(2), elapsed: elapsed)
    }

    private static let full = String(repeating: "=", count: 19) + ">" + String(repeating: " ", count: 18)

    @Test(
        "the line fits the terminal",
        arguments: [
            (200, "a.img  [\(full)]   50%    16 MiB/s  longest pause  18ms  32s left"),
            (80, "a.img  [==========>         ]   50%    16 MiB/s  longest pause  18ms  32s left"),
            (60, "[===>   ]   50%    16 MiB/s  longest pause  18ms  32s left"),
            (40, " 50%    16 MiB/s  longest pause  18ms  3"), (1, " "), (0, ""),
        ])
    func width(columns: Int, text: String) {
        var line = ProgressLine()
        line.count(progress(at: .zero, of: .gibibytes(1), after: .zero), of: "/srv/a.img")
        let now = progress(at: .mebibytes(512), of: .gibibytes(1), after: .seconds(32))
        line.count(now, of: "/srv/a.img")
        let shown = line.text(now, width: columns)
        #expect(shown.hasPrefix(text))
        #expect(shown.count <= columns)
    }

    @Test("that it rests, as even the smallest chunks are too slow, stands where the speed does")
    func slowed() {
        var line = ProgressLine()
        var now = progress(at: .mebibytes(1), of: .mebibytes(4), after: .seconds(2))
        now.isSlowed = true
        line.count(now, of: "/srv/a.img")
        #expect(line.text(now, width: nil).hasPrefix("/srv/a.img: 25%  slow: rests  longest pause  18ms"))
    }

    @Test func withoutATerminalThereIsNoBar() {
        var line = ProgressLine()
        let now = progress(at: .mebibytes(1), of: .mebibytes(4), after: .milliseconds(500))
        line.count(now, of: "/srv/a.img")
        #expect(line.text(now, width: nil) == "/srv/a.img: 25%     2 MiB/s  longest pause  18ms")
    }

    @Test("the longest pause is that of the file, whether or not it was shown")
    func longestPause() {
        var line = ProgressLine()
        for pause in [5, 40, 7] {
            line.count(
                progress(at: 0, of: 4096, pause: .milliseconds(pause), after: .seconds(1)), of: "a")
        }
        let now = progress(at: 0, of: 4096, pause: .milliseconds(1), after: .seconds(2))
        #expect(line.text(now, width: nil).contains("longest pause  40ms"))
        line.count(now, of: "b")
        #expect(line.text(now, width: nil).contains("longest pause   1ms"))
    }

    @Test("time to go counts from where the run started")
    func resumed() {
        var line = ProgressLine()
        line.count(progress(at: .mebibytes(900), of: .mebibytes(1000), after: .zero), of: "a")
        let now = progress(at: .mebibytes(950), of: .mebibytes(1000), after: .seconds(50))
        line.count(now, of: "a")
        #expect(line.text(now, width: nil).hasSuffix("  50s left"))
    }

    @Test func emptyFile() {
        var line = ProgressLine()
        let now = progress(at: 0, of: 0, after: .zero)
        line.count(now, of: "a")
        #expect(line.text(now, width: 80).contains("  0%"))
    }

    @Test(
        "a file that was not treated is a failure, and permission is told apart",
        arguments: [
            (.done, nil, .success), (.done, .alreadyContiguous, .success), (.skipped, .dryRun, .success),
            (.skipped, .alreadyContiguous, .success), (.skipped, .notXFS, .failed),
            (.skipped, .noDefrag, .failed),
            (.skipped, .notPermitted, .notPermitted), (.failed, .ioError, .failed), (.failed, nil, .failed),
            (.partial, .interrupted, .stoppedEarly), (.partial, .timeLimit, .stoppedEarly),
            (.partial, .lowSpace, .stoppedEarly),
        ] as [(DefragResult.Status, Reason?, DefragTypes.ExitStatus)])
    func exitStatus(status: DefragResult.Status, reason: Reason?, exit: DefragTypes.ExitStatus) {
        #expect(DefragResult(path: "a", status: status, reason: reason).exitStatus == exit)
    }

    @Test func theWorstStatusWins() {
        let order: [DefragTypes.ExitStatus] = [.failed, .notPermitted, .stoppedEarly, .success]
        for (index, worse) in order.enumerated() {
            for better in order[index...] {
                #expect(worse.worse(better) == worse)
                #expect(better.worse(worse) == worse)
            }
        }
    }

    @Test("a summary says how many locks were longer than aimed at, if any were")
    func overMaxPause() {
        func summary(over: Int?) -> String {
            var result = DefragResult(path: "a", status: .done)
            result.pause = PauseStatistics(count: 140, p99Ms: 18, maxMs: 26, over: over)
            return result.summary(allocated: 4096)
        }
        #expect(
            summary(over: 3).contains("longest 26ms, 99% up to 18ms, over max-pause: 3 of 140\n"))
        #expect(!summary(over: 0).contains("over max-pause"))
        #expect(!summary(over: nil).contains("over max-pause"))
    }

    private static let evil = "a\u{1B}[2J\n\u{202E}b"

    @Test("nothing of a file's name is obeyed by a terminal, nor begins a line")
    func names() throws {
        var result = DefragResult(path: Self.evil, status: .partial, reason: .lowSpace)
        result.message = "'\(Self.evil)': no space"
        result.nextOffset = 0
        #expect(result.trouble == "'a�[2J��b': no space")
        #expect(result.summary(allocated: 4096).hasPrefix("a�[2J��b: partial"))
        var line = ProgressLine()
        let now = progress(at: .zero, of: .mebibytes(1), after: .seconds(1))
        line.count(now, of: Self.evil)
        #expect(line.text(now, width: nil).hasPrefix("a�[2J��b: "))
        let options = try DefragOptions(try Arguments(["a"], for: DefragOptions.command))
        #expect(
            resumeCommands(after: [result], options)
                == [#"reflow-worker defrag $'a\x1b[2J\x0a\xe2\x80\xaeb'"#])
    }

    @Test("the way on is a command line that a shell understands")
    func resume() throws {
        let line = ["--min-free", "10%", "a b.img", "c.img", "--dry-run", "d.img", "it's.img"]
        let options = try DefragOptions(try Arguments(line, for: DefragOptions.command))
        func result(_ path: String, _ status: DefragResult.Status, _ next: ByteCount?) -> DefragResult {
            var result = DefragResult(path: path, status: status, reason: .interrupted)
            result.nextOffset = next
            return result
        }
        #expect(
            resumeCommands(
                after: [
                    result("a b.img", .done, nil), result("c.img", .partial, 4096),
                    result("d.img", .partial, 0),
                    result("it's.img", .partial, 0),
                ], options) == [
                    "reflow-worker defrag --min-free 10% --dry-run --from 4096 c.img",
                    #"reflow-worker defrag --min-free 10% --dry-run d.img 'it'\''s.img'"#,
                ])
        #expect(resumeCommands(after: [result("a", .done, nil)], options) == [])
        #expect(
            resumeCommands(after: [result("-a", .partial, 1)], options)
                == ["reflow-worker defrag --min-free 10% --dry-run --from 1 -- -a"])
    }
}
