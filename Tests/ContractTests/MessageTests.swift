import Contract
import DefragTypes
import Testing

@Suite("A message") struct MessageTests {
    static let slice = #"""
        {"specversion":"1.0","id":"1","source":"/coordinator","type":"reflow.task.slice","subject":"/a",
         "time":"2026-11-22T21:03:26.512Z","reflowversion":"1.7","traceparent":"00-aa","datacontenttype":"application/json",
         "data":{"job":"j","path":"/a","from":4096,"policy":{"maxPause":0.02,"minFree":"10%","colour":"red"},
                 "timeBudget":30,"somethingNew":{"x":[1]}}}
        """#

    @Test("is a CloudEvent whose unknown attributes and fields are ignored, of any minor version")
    func slice() throws {
        let message = try Message<HostTask>(json: Array(Self.slice.utf8))
        #expect(message.id == "1")
        #expect(message.subject == "/a")
        guard case .slice(let slice) = message.body else { Issue.record("not a slice"); return }
        #expect(slice.from == 4096)
        #expect(slice.policy.maxPause == .milliseconds(20))
        #expect(slice.policy.minFree == .percent(10))
        #expect(slice.policy.window == nil)
        #expect(slice.timeBudget == 30)
    }

    @Test(
        "of another major version, of an unknown type, or malformed is refused with its reason",
        arguments: [
            (#""reflowversion":"1.7""#, #""reflowversion":"2.0""#, ContractError.Code.unsupportedVersion),
            (#""reflowversion":"1.7","#, "", .malformed),
            (#""specversion":"1.0""#, #""specversion":"0.3""#, .unsupportedVersion),
            ("reflow.task.slice", "reflow.task.format", .unknownType),
            (#""from":4096"#, #""from":-1"#, .malformed),
            (#""from":4096"#, #""from":"4096""#, .malformed),
            (#""from":4096"#, #""from":40.5"#, .malformed),
            (#""timeBudget":30"#, #""timeBudget":601"#, .malformed),
            (#""timeBudget":30"#, #""timeBudget":0"#, .malformed),
            (#""maxPause":0.02"#, #""maxPause":60"#, .malformed),
            (#""time":"2026-11-22T21:03:26.512Z""#, #""time":"yesterday""#, .malformed),
            (#""path":"/a","#, "", .malformed),
            (#""id":"1","#, #""id":"1","id":"2","#, .malformed),
            (#"{"specversion""#, #"["specversion""#, .malformed),
        ])
    func refused(part: String, replacement: String, code: ContractError.Code) throws {
        let text = Self.slice.replacing(part, with: replacement)
        try #require(text != Self.slice)
        let error = try #require(throws: ContractError.self) { try Message<HostTask>(json: Array(text.utf8)) }
        #expect(error.code == code, "\(error)")
        #expect(!error.message.isEmpty)
    }

    @Test(
        "of a host that says what no host can have is refused",
        arguments: [
            ("reflow.survey.finished", #""pages":0"#, #""pages":-1"#),
            ("reflow.survey.finished", #""pages":0"#, #""pages":20001"#),
            ("reflow.survey.finished", #""pages":0"#, #""pages":9223372036854775807"#),
            ("reflow.survey.page", #""page":1"#, #""page":20000"#),
            ("reflow.survey.page", #""extents":1,"#, #""extents":-1,"#),
            ("reflow.survey.page", #""size":5"#, #""size":-5"#),
            ("reflow.survey.page", #""gainSeconds":0.25"#, #""gainSeconds":1e300"#),
            ("reflow.slice.finished", #""unshared":0"#, #""unshared":9223372036854775807"#),
            ("reflow.slice.finished", #""maxMs":3.5"#, #""maxMs":1e10"#),
            ("reflow.slice.finished", #"[0.001,2]"#, "[0.001,-2]"),
            ("reflow.slice.finished", #"[0.001,2]"#, "[0.001,2,3]"),
            ("reflow.slice.finished", #"[0.001,2]"#, "[0.001]"),
            ("reflow.slice.finished", #"[0.001,2]"#, #"{"upTo":0.001,"count":2}"#),
            ("reflow.slice.finished", #""over":1"#, #""over":-1"#),
            ("reflow.slice.finished", #""seconds":0"#, #""seconds":1e300"#),
            ("reflow.progress", #""seconds":6"#, #""seconds":1e300"#),
            ("reflow.host.state", #""generation":5"#, #""generation":9223372036854775807"#),
        ])
    func implausible(type: String, part: String, replacement: String) throws {
        let event = try #require(Self.events.last { $0.type == type })
        let text = String(decoding: try Message(source: "/hosts/alpha", body: event).json(), as: UTF8.self)
        let wrong = text.replacing(part, with: replacement)
        try #require(wrong != text, "\(text)")
        let error = try #require(throws: ContractError.self) {
            try Message<HostEvent>(json: Array(wrong.utf8))
        }
        #expect(error.code == .malformed)
    }

    @Test("of a worker before contract 1.2 is understood: what is new is left out")
    func older() throws {
        let new = #","buckets":[[0.001,2],[0.01,1]],"over":1"#
        let newer =
            #","instance":"i","accepted":["t","t2"],"deaf":"no queue","certificateExpires":"2027-01-01T00:00:00.000Z""#
        for (type, part) in [("reflow.slice.finished", new), ("reflow.host.state", newer)] {
            let event = try #require(Self.events.last { $0.type == type })
            let text = String(
                decoding: try Message(source: "/hosts/alpha", body: event).json(), as: UTF8.self)
            let old = text.replacing(part, with: "").replacing(
                #""reflowversion":"1.2""#, with: #""reflowversion":"1.1""#)
            try #require(old.count < text.count - part.count + 1, "\(text)")
            switch try Message<HostEvent>(json: Array(old.utf8)).body {
            case .sliceFinished(let answer):
                #expect(answer.result.pause.count == 3)
                #expect(answer.result.pause.buckets == nil)
                #expect(answer.result.pause.over == nil)
            case .hostState(let state):
                #expect(state.labels == ["rack": "r1"])
                #expect(state.instance == nil)
                #expect(state.accepted == nil)
                #expect(state.deaf == nil)
                #expect(state.certificateExpires == nil)
            default: Issue.record("not understood")
            }
        }
    }

    @Test("nested ten thousand deep is refused, not fatal")
    func deep() {
        let text = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(throws: ContractError.self) { try Message<HostTask>(json: Array(text.utf8)) }
    }

    @Test("comes back as it went", arguments: Self.events)
    func roundTrip(event: HostEvent) throws {
        let message = Message(source: "/hosts/alpha", subject: "/a", body: event)
        let back = try Message<HostEvent>(json: message.json())
        #expect(back.body == event)
        #expect(back.id == message.id)
        #expect(back.time == message.time)
    }

    @Test("of an event type that is not known yet is kept as unknown")
    func unknownEvent() throws {
        let text = Self.slice.replacing("reflow.task.slice", with: "reflow.weather")
        #expect(try Message<HostEvent>(json: Array(text.utf8)).body == .unknown(type: "reflow.weather"))
    }

    static let events: [HostEvent] = {
        var result = DefragResult(path: "/a", status: .partial, reason: .timeLimit, message: "…")
        result.inode = UInt64(Int64.max)
        result.nextOffset = .gibibytes(1024)
        result.pause = PauseStatistics(
            count: 3, p50Ms: 0.1, p99Ms: 1.25, p999Ms: 2, maxMs: 3.5,
            buckets: [.init(upTo: 0.001, count: 2), .init(upTo: 0.01, count: 1)],
            over: 1)
        var statistics = ExtentStatistics()
        statistics.count(extentOf: 4096)
        let survey = FileSurvey(
            path: "/ä\u{1F4BE}\"\\", inode: 3, fileSystem: "u", size: 5, statistics: statistics,
            estimatedReflinkSeconds: 0.5, gainSeconds: 0.25, isCalibrated: true, extentSizeHint: 1_048_576,
            obstacle: .init(reason: .immutable, message: "…"))
        var summary = SurveySummary()
        summary.count(survey)
        summary.reflinkCosts = [.usual(fileSystem: "u", because: "it is too full")]
        let progress = SliceProgress(
            task: "t", job: "j", path: "/a", offset: 1, size: 2, rewritten: 3, maxPauseMs: 4.5, seconds: 6)
        return [
            .sliceFinished(SliceFinished(task: "t", job: "j", result: result)),
            .surveyPage(SurveyPage(task: "t", job: "j", page: 1, files: [survey])),
            .surveyFinished(
                SurveyFinished(
                    task: "t", job: "j", pages: 1, files: 1, matched: 1, problems: ["/x: gone"],
                    summary: summary)),
            .surveyFinished(
                SurveyFinished(task: "t", job: "j", pages: 0, files: 0, matched: 0, problems: [])),
            .progress(HostProgress(running: [progress])),
            .hostState(
                HostState(
                    version: "1", kernel: "6", generation: 5, mode: .pause,
                    fileSystems: [.init(uuid: "u", mountPoint: "/m", size: 10, free: 5)], running: [progress],
                    uptime: 3, labels: ["rack": "r1"], instance: "i", accepted: ["t", "t2"], deaf: "no queue",
                    certificateExpires: Timestamp(unixSeconds: 1_798_761_600))
            ),
        ]
    }()
}
