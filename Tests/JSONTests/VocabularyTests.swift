import DefragTypes
import JSON
import Testing

@Suite("The shared vocabulary as JSON")
struct VocabularyTests {
    private func check<T: Codable & Equatable>(_ value: T, _ json: String) throws {
        #expect(try JSONEncoder().text(value) == json)
        #expect(try JSONDecoder().decode(T.self, from: json) == value)
    }

    @Test func plainValues() throws {
        try check(ByteCount.mebibytes(16), "16777216")
        try check(Reason.lowSpace, #""lowSpace""#)
        try check(Reason(rawValue: "ofTomorrow"), #""ofTomorrow""#)
        try check(FreeSpaceFloor.percent(5), #""5%""#)
        try check(FreeSpaceFloor.percent(2.5), #""2.5%""#)
        try check(FreeSpaceFloor.bytes(.gibibytes(1)), "1073741824")
        try check(Sharing.unshare, #""unshare""#)
    }

    @Test func overrides() throws {
        var overrides = PolicyOverrides()
        try check(overrides, "{}")
        overrides.maxPause = .milliseconds(20)
        overrides.duty = 0.5
        overrides.minFree = .percent(5)
        try check(overrides, #"{"maxPause":0.02,"duty":0.5,"minFree":"5%"}"#)
        overrides.maxChunk = .mebibytes(1)
        overrides.window = .mebibytes(16)
        overrides.idle = .seconds(1)
        overrides.rate = .mebibytes(1)
        overrides.targetExtent = .mebibytes(1)
        overrides.sharing = .preserve
        overrides.unshareBudget = .zero
        let text = try JSONEncoder().text(overrides)
        #expect(try JSONDecoder().decode(PolicyOverrides.self, from: text) == overrides)
    }

    @Test(
        "overrides that are out of range are refused",
        arguments: [
            (#"{"maxPause":"20ms"}"#, "maxPause: expected a number, found a string"),
            (#"{"maxPause":11}"#, "maxPause must be from 1ms to 10s"),
            (#"{"maxPause":-1}"#, "maxPause must be from 1ms to 10s"),
            (#"{"maxPause":1e300}"#, "maxPause: too many seconds"),
            (#"{"maxChunk":65537}"#, "maxChunk must be a multiple of 4KiB from 64KiB to 1GiB"),
            (#"{"window":1.5}"#, "window: expected an integer, found a number with a fraction"),
            (#"{"duty":50}"#, "duty must be from 1% to 100%"),
            (#"{"unshareBudget":-1}"#, "unshareBudget must not be negative"),
            (#"{"minFree":"5"}"#, nil),
            (#"{"minFree":-5}"#, "minFree must not be negative"),
            (#"{"minFree":"x%"}"#, "minFree: expected a number of bytes or a text like \"5%\""),
            (#"{"minFree":true}"#, "minFree: expected a string, found true"),
        ])
    func invalidOverrides(json: String, message: String?) {
        do {
            _ = try JSONDecoder().decode(PolicyOverrides.self, from: json)
            #expect(message == nil, "\(json) was taken")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test func result() throws {
        var result = DefragResult(
            path: "/srv/vm/a.img", status: .partial, reason: .timeLimit, message: "over")
        result.nextOffset = .mebibytes(1)
        result.pause = PauseStatistics(
            count: 3, p50Ms: 1.5, p99Ms: 2, p999Ms: 2.25, maxMs: 2.5, buckets: [.init(upTo: 0.002, count: 2)],
            over: 0)
        result.seconds = 0.1
        result.prediction = .init(rewritten: 8192, unshared: 4096, extents: 1)
        result.notes = [.init(.hintNotSet, "so")]
        try check(
            result,
            #"{"path":"/srv/vm/a.img","inode":0,"size":0,"status":"partial","reason":"timeLimit","message":"over","#
                + #""nextOffset":1048576,"extents":{"before":0,"after":0},"bytes":{"rewritten":0,"unshared":0},"#
                + #""pause":{"count":3,"p50Ms":1.5,"p99Ms":2.0,"p999Ms":2.25,"maxMs":2.5,"#
                + #""buckets":[[0.002,2]],"over":0},"waits":null,"worst":null,"#
                + #""freeBytes":{"before":0,"lowest":0,"after":0},"seconds":0.1,"#
                + #""prediction":{"rewritten":8192,"unshared":4096,"extents":1},"#
                + #""notes":[{"reason":"hintNotSet","message":"so"}]}"#)
    }

    @Test func resultWithoutReason() throws {
        let result = DefragResult(path: "/a", status: .done)
        let text = try JSONEncoder().text(result)
        #expect(text.contains(#""status":"done","reason":null,"message":null,"nextOffset":null,"extents""#))
        #expect(text.hasSuffix(#""seconds":0.0,"prediction":null,"notes":null}"#))
        #expect(try JSONDecoder().decode(DefragResult.self, from: text) == result)
        // From a worker that did not have these keys yet.
        let old = text.replacing(#","prediction":null,"notes":null"#, with: "")
        #expect(try JSONDecoder().decode(DefragResult.self, from: old) == result)
    }

    @Test func survey() throws {
        var statistics = ExtentStatistics()
        statistics.count(extentOf: 4096)
        statistics.count(extentOf: ByteCount(Int64(1) << 40))
        let survey = FileSurvey(
            path: "/a", inode: 131, fileSystem: "u-u", size: 8192, statistics: statistics,
            estimatedReflinkSeconds: 6e-5)
        let text = try JSONEncoder().text(survey)
        #expect(try JSONDecoder().decode(FileSurvey.self, from: text) == survey)
        #expect(text.contains(#""averageExtent":549755815936"#))
        #expect(text.hasSuffix(#""estimatedReflinkSeconds":6e-05,"gainSeconds":0.0,"calibrated":false}"#))
        var more = survey
        more.extentSizeHint = 4096
        more.preallocationChanges = 7
        more.obstacle = .init(reason: .dax, message: "no")
        let longer = try JSONEncoder().text(more)
        #expect(
            longer.hasSuffix(
                #","extentSizeHint":4096,"preallocationChanges":7,"obstacle":{"reason":"dax","message":"no"}}"#
            ))
        #expect(try JSONDecoder().decode(FileSurvey.self, from: longer) == more)
    }
}
