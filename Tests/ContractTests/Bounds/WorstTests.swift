import Contract
import DefragTypes
import Testing

@Suite("The worst that a worker can say") struct WorstTests {
    /// Twice the bytes in JSON, with control characters, and no sooner at an end than any bound.
    private static let text = String(repeating: "\"\\\u{1b}\u{7}\0", count: 8000)

    private static let progress = SliceProgress(
        task: text, job: text, path: text, offset: ByteCount(Int64.max), size: ByteCount(Int64.min),
        rewritten: ByteCount(Int64.max), maxPauseMs: .infinity, seconds: -.infinity)

    private static let state: SliceState = {
        var state = SliceState()
        (state.inode, state.extents) = (.max, .min)
        (state.unshareBudgetLeft, state.unshared) = (ByteCount(Int64.max), -1)
        state.allowance = UnshareAllowance(
            strict: .min, generous: .max, costs: Array(repeating: 1 << 53, count: 1000), slot: 0)
        state.judgedBy = text
        state.unreadable = Array(repeating: ByteRange(from: -1, to: ByteCount(Int64.max)), count: 1000)
        state.costs = LockCosts(
            unsharing: .init(mean: .infinity, deviation: .nan, tried: -1, aim: .nan),
            cloning: .init(tried: 1e300))
        return state
    }()

    private static let events: [HostEvent] = {
        var result = DefragResult(path: "/a", status: .failed, reason: Reason(rawValue: text), message: text)
        result.inode = .max
        result.size = ByteCount(Int64.max)
        result.nextOffset = ByteCount(Int64.min)
        result.extents = .init(before: .max, after: .min)
        result.bytes = .init(rewritten: ByteCount(Int64.max), unshared: ByteCount(Int64.max))
        result.pause = PauseStatistics(
            count: .max, p50Ms: .nan, p99Ms: .infinity, p999Ms: 1e300, maxMs: -1e300,
            buckets: Array(repeating: .init(upTo: .infinity, count: .max), count: 1000), over: .max)
        result.waits = result.pause
        result.worst = Array(
            repeating: .init(time: .now, phase: text, offset: -1, ms: .infinity), count: 1000)
        result.freeBytes = .init(before: ByteCount(Int64.max), lowest: -1, after: ByteCount(Int64.max))
        result.seconds = .infinity
        result.prediction = .init(rewritten: -1, unshared: -1, extents: .max)
        result.notes = Array(repeating: .init(Reason(rawValue: text), text), count: 1000)
        var statistics = ExtentStatistics()
        (statistics.extents, statistics.mappedBytes) = (.max, ByteCount(Int64.max))
        statistics.histogram = Array(repeating: .init(upTo: -1, extents: .max, bytes: -1), count: 1000)
        let survey = FileSurvey(
            path: text, inode: .max, fileSystem: text, size: ByteCount(Int64.max), statistics: statistics,
            estimatedReflinkSeconds: .infinity, gainSeconds: .nan, extentSizeHint: -1,
            preallocationChanges: .max,
            obstacle: .init(reason: Reason(rawValue: text), message: text))
        var summary = SurveySummary()
        (summary.files, summary.extents, summary.withExtentSizeHint) = (.max, .max, .min)
        summary.reflinkSeconds = .infinity
        summary.withPreallocation = .min
        summary.thinDevices = Array(repeating: .init(fileSystem: text, message: text), count: 1000)
        summary.obstacles = Array(
            repeating: .init(reason: Reason(rawValue: text), files: .max, example: text), count: 1000)
        summary.reflinkCosts = Array(
            repeating: ReflinkCost(
                fileSystem: text, secondsPerExtent: .infinity, secondsPerCopy: .nan, isMeasured: false,
                message: text), count: 1000)
        let ids = Array(repeating: text, count: 1000)
        let labels = (0..<1000).map { ("\($0)\(text)", text) }
        return [
            .sliceFinished(SliceFinished(task: text, job: text, result: result, state: state)),
            .surveyPage(SurveyPage(task: text, job: text, page: .max, files: [survey])),
            .surveyFinished(
                SurveyFinished(
                    task: text, job: text, pages: .max, files: .max, matched: .max, problems: ids,
                    summary: summary)),
            .progress(HostProgress(running: Array(repeating: progress, count: 1000))),
            .hostState(
                HostState(
                    version: text, kernel: text, generation: .max, mode: .pause,
                    fileSystems: Array(
                        repeating: .init(
                            uuid: text, mountPoint: text, size: -1, free: ByteCount(Int64.max)), count: 1000),
                    running: Array(repeating: progress, count: 1000), surveys: ids, uptime: .infinity,
                    labels: Dictionary(uniqueKeysWithValues: labels), instance: text, accepted: ids,
                    deaf: text)),
        ]
    }()

    @Test("is written as what everybody reads, in one message", arguments: events.map(\.type))
    func fits(type: String) throws {
        let event = try #require(Self.events.first { $0.type == type })
        let bytes = try Message(source: "/hosts/alpha", subject: Self.text, body: event).json()
        let back = try Message<HostEvent>(json: bytes)
        #expect(back.body.type == event.type)
        #expect(try Message(source: back.source, body: back.body).json().count > 100)
        // A page is filled up to half a message.
        if case .surveyPage = event { #expect(bytes.count < 400 << 10) }
    }

    @Test("tells how many problems there are beyond those that it lists")
    func remainder() throws {
        let problems = (0..<60).map { "/\($0): gone" }
        let end = SurveyFinished(task: "t", job: "j", pages: 0, files: 0, matched: 0, problems: problems)
        let bytes = try Message(source: "/hosts/alpha", body: HostEvent.surveyFinished(end)).json()
        guard case .surveyFinished(let back) = try Message<HostEvent>(json: bytes).body else {
            Issue.record("not understood")
            return
        }
        #expect(back.problems == problems.prefix(49) + ["and 11 more"])
    }

    @Test("is cut where a character ends")
    func cut() {
        #expect(Sentence.fitted("ä") == "ä")
        let long = String(repeating: "ä", count: 4096)
        let fitted = Sentence.fitted(long)
        #expect(fitted.utf8.count <= Sentence.writtenBytes)
        #expect(fitted == String(repeating: "ä", count: 2046) + "…")
        #expect(Sentence.fitted("a\u{1b}[31m\n\tb") == "a\u{FFFD}[31m\n\tb")
        #expect(LabelText.fitted("rack 1/ä") == "rack_1___")
    }

    @Test("64 new kinds of note of 14,000 bytes each are refused, and what is not refused does not grow")
    func notes() throws {
        func answer(_ notes: Int, _ bytes: Int) -> String {
            let list = (0..<notes).map {
                #"{"reason":"new\#($0)","message":"\#(String(repeating: "x", count: bytes))"}"#
            }.joined(separator: ",")
            return #"""
                {"specversion":"1.0","id":"1","source":"/hosts/a","type":"reflow.slice.finished",
                 "time":"2026-11-22T21:03:26.512Z","reflowversion":"1.1","data":{"task":"t","job":"j","result":
                 {"path":"/a","inode":1,"size":1,"status":"partial","reason":"timeLimit","message":null,"nextOffset":1,
                  "extents":{"before":1,"after":1},"bytes":{"rewritten":1,"unshared":0},
                  "pause":{"count":0,"p50Ms":0,"p99Ms":0,"p999Ms":0,"maxMs":0},
                  "freeBytes":{"before":1,"lowest":1,"after":1},"seconds":1,"notes":[\#(list)]}}}
                """#
        }
        let error = try #require(throws: ContractError.self) {
            try Message<HostEvent>(json: Array(answer(64, 14_000).utf8))
        }
        #expect(error.code == .malformed)
        #expect(error.message == "data.result.notes: 64 of them, at most 16 are allowed")
        guard
            case .sliceFinished(let worst) = try Message<HostEvent>(json: Array(answer(16, 14_000).utf8)).body
        else {
            Issue.record("not understood")
            return
        }
        let bytes = try Message(source: "/hosts/a", body: HostEvent.sliceFinished(worst)).json()
        #expect(bytes.count < 16 * 4200)
    }
}
