import Contract
import DefragTypes
import Testing

@testable import Rollout

@Suite("A one-off job") struct JobTests {
    @Test("surveys every host, then sends one slice for each file system, the most fragmented file first")
    func order() {
        var fleet = JobFleet(hosts: ["alpha", "beta"])
        #expect(fleet.begin().map(\.kind) == ["survey alpha", "survey beta"])
        let sent = fleet.answerSurvey(
            "alpha",
            files: [
                .init("/a/small", extents: 10, on: "fs1"), .init("/a/large", extents: 900, on: "fs1"),
                .init("/b/other", extents: 50, on: "fs2"),
            ])
        #expect(sent.map(\.kind) == ["slice alpha /a/large @0", "slice alpha /b/other @0"])
        #expect(fleet.finish(sent[0]).map(\.kind) == ["slice alpha /a/small @0"])
    }

    @Test("goes on from the cursor of a slice whose time is over, until the file is done")
    func cursor() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        let first = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        let second = fleet.finish(first[0], .partial, .timeLimit, next: 4096)
        #expect(second.map(\.kind) == ["slice alpha /a @4096"])
        #expect(fleet.finish(second[0], .done, .alreadyContiguous).isEmpty)
        #expect(fleet.job.isEnded)
        let file = fleet.job.hosts[0].work.files[0].result
        #expect(file?.status == .done)
        #expect(file?.bytes.rewritten == ByteCount(2048), "the slices are added up")
        #expect(file?.reason == nil, "contiguous by the first slice's work, not already")
    }

    @Test("an answer counts once, and only while its slice is out")
    func duplicates() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        let first = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        let second = fleet.finish(first[0], .partial, .timeLimit, next: 4096)
        #expect(fleet.finish(first[0], .partial, .timeLimit, next: 4096).isEmpty, "twice")
        #expect(fleet.finish(first[0], .failed, .ioError).isEmpty, "late and contradictory")
        #expect(fleet.job.hosts[0].work.files[0].cursor == 4096)
        #expect(fleet.finish(second[0]).isEmpty)
        #expect(fleet.job.hosts[0].work.files[0].result?.bytes.rewritten == ByteCount(2048))
    }

    @Test("a survey's pages may come twice and in any order")
    func pages() {
        var fleet = JobFleet(hosts: ["alpha"])
        let task = fleet.begin()[0].id
        let pages = (0..<3).map { page in
            HostEvent.surveyPage(
                SurveyPage(
                    task: task, job: "job", page: page,
                    files: [FoundFile("/\(page)", extents: 10 + page, on: "fs\(page)").survey]))
        }
        let end = HostEvent.surveyFinished(
            SurveyFinished(task: task, job: "job", pages: 3, files: 3, matched: 3, problems: []))
        var sent: [Sent] = []
        for event in [pages[2], pages[0], pages[2], end, pages[1]] { sent += fleet.hear("alpha", event) }
        #expect(sent.map(\.kind) == ["slice alpha /2 @0", "slice alpha /1 @0", "slice alpha /0 @0"])
    }

    @Test("a survey that was begun again may have fewer pages than the first try left")
    func surplusPages() {
        var fleet = JobFleet(hosts: ["alpha"])
        let task = fleet.begin()[0].id
        for page in 0..<3 {
            let files = [FoundFile("/\(page)", extents: 10, on: "fs\(page)").survey]
            _ = fleet.hear(
                "alpha", .surveyPage(SurveyPage(task: task, job: "job", page: page, files: files)))
        }
        let end = SurveyFinished(task: task, job: "job", pages: 2, files: 2, matched: 2, problems: [])
        let sent = fleet.hear("alpha", .surveyFinished(end))
        #expect(Set(sent.map(\.kind)) == ["slice alpha /0 @0", "slice alpha /1 @0"])
    }

    @Test("a paused host is left alone until it says that it works again")
    func pause() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        let first = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        #expect(fleet.finish(first[0], .partial, .paused, next: 8192).isEmpty)
        #expect(fleet.hear("alpha", .hostState(fleet.state(mode: .pause))).isEmpty)
        #expect(
            fleet.hear("alpha", .hostState(fleet.state(mode: .run))).map(\.kind) == ["slice alpha /a @8192"])
    }

    @Test("a worker that is stopping gets nothing until it is back")
    func leaving() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        let first = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        #expect(fleet.finish(first[0], .partial, .interrupted, next: 8192).isEmpty)
        #expect(fleet.hear("alpha", .hostState(fleet.state())).map(\.kind) == ["slice alpha /a @8192"])
    }

    @Test("a host that never answers is named, the others are not held up")
    func silence() {
        var fleet = JobFleet(hosts: ["alpha", "beta"])
        _ = fleet.begin()
        let sent = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        fleet.now = .seconds(29)
        _ = fleet.input(.tick)
        #expect(!fleet.job.hosts[1].work.phase.isEnded)
        fleet.now = .seconds(30)
        _ = fleet.input(.tick)
        #expect(fleet.job.hosts[1].work.phase.isEnded)
        #expect(!fleet.job.isEnded)
        _ = fleet.finish(sent[0])
        #expect(fleet.job.isEnded)
        let summary = JobSummary(fleet.job)
        #expect(summary.hosts.map(\.status) == [.finished, .lost])
        #expect(summary.exitStatus == .failed)
    }

    @Test("a host that falls silent is lost, but not while the broker itself was away")
    func lost() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        _ = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        fleet.now = .seconds(500)
        _ = fleet.input(.reconnected)
        _ = fleet.input(.tick)
        #expect(!fleet.job.isEnded)
        fleet.now = .seconds(560)
        _ = fleet.input(.tick)
        #expect(JobSummary(fleet.job).hosts.map(\.status) == [.lost])
    }

    @Test("a host that lives but never begins the survey is given up")
    func surveyNotBegun() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        for _ in 0..<59 {
            fleet.now += .seconds(10)
            _ = fleet.hear("alpha", .hostState(fleet.state()))
            _ = fleet.input(.tick)
        }
        #expect(!fleet.job.isEnded)
        fleet.now += .seconds(10)
        _ = fleet.hear("alpha", .hostState(fleet.state()))
        _ = fleet.input(.tick)
        #expect(JobSummary(fleet.job).hosts.map(\.status) == [.lost])
    }

    @Test("a survey that takes long is waited for while the host says that it runs")
    func longSurvey() {
        var fleet = JobFleet(hosts: ["alpha"])
        let survey = fleet.begin()[0].id
        for _ in 0..<200 {
            fleet.now += .seconds(10)
            var state = fleet.state()
            state.surveys = [survey]
            _ = fleet.hear("alpha", .hostState(state))
            _ = fleet.input(.tick)
        }
        #expect(!fleet.job.isEnded)
    }

    @Test("a pattern that matches nothing anywhere is a failure, not a success")
    func nothingMatches() {
        var fleet = JobFleet(hosts: ["alpha"])
        let survey = fleet.begin()[0].id
        let end = SurveyFinished(task: survey, job: "job", pages: 0, files: 0, matched: 0, problems: [])
        _ = fleet.hear("alpha", .surveyFinished(end))
        #expect(fleet.job.isEnded)
        #expect(JobSummary(fleet.job).exitStatus == .failed)
    }

    @Test("a slice of which a living host says nothing is sent again, three times at most")
    func lostSlice() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        _ = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        for attempt in 1...3 {
            fleet.now += .seconds(239)
            #expect(fleet.hear("alpha", .hostState(fleet.state())).isEmpty)
            #expect(fleet.input(.tick).isEmpty)
            fleet.now += .seconds(1)
            #expect(fleet.input(.tick).count == (attempt < 3 ? 1 : 0))
        }
        #expect(fleet.job.isEnded)
        #expect(fleet.job.hosts[0].work.files[0].result?.reason == .noAnswer)
    }

    @Test("slices that make no headway end as a failure, not as a loop")
    func noHeadway() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        var sent = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        var slices = 0
        while let slice = sent.first, slices < 10 {
            slices += 1
            sent = fleet.finish(slice, .partial, .timeLimit, next: 0)
        }
        #expect(slices == 3)
        #expect(fleet.job.isEnded)
        #expect(JobSummary(fleet.job).exitStatus == .failed)
    }

    @Test(
        "what ends a file without a further slice",
        arguments: [
            (DefragResult.Status.done, Reason?.none, DefragTypes.ExitStatus.success),
            (.skipped, .immutable, .success), (.skipped, .notPermitted, .notPermitted),
            (.partial, .lowSpace, .stoppedEarly), (.failed, .ioError, .failed),
        ])
    func ends(status: DefragResult.Status, reason: Reason?, exit: DefragTypes.ExitStatus) {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        let sent = fleet.answerSurvey("alpha", files: [.init("/a", extents: 100)])
        #expect(fleet.finish(sent[0], status, reason, next: 4096).isEmpty)
        #expect(fleet.job.isEnded)
        #expect(JobSummary(fleet.job).exitStatus == exit)
    }

    @Test("a dead letter is a failed attempt, not a silence")
    func deadLetter() {
        var fleet = JobFleet(hosts: ["alpha"])
        _ = fleet.begin()
        let sent = fleet.answerSurvey("alpha", files: [.init("/a", extents: 9), .init("/b", extents: 8)])
        let next = fleet.input(.deadLettered(task: sent[0].id, reason: "malformed"))
        #expect(next.map(\.kind) == ["slice alpha /b @0"])
        #expect(fleet.job.hosts[0].work.files[0].result?.reason == .deadLettered)
    }

    @Test("stopping waits for the slices that are out and starts no others")
    func stop() {
        var fleet = JobFleet(hosts: ["alpha", "beta"])
        _ = fleet.begin()
        let sent = fleet.answerSurvey("alpha", files: [.init("/a", extents: 9), .init("/b", extents: 8)])
        #expect(fleet.input(.stop).isEmpty)
        #expect(fleet.job.hosts[1].work.phase == .stopped)
        #expect(!fleet.job.isEnded)
        #expect(fleet.finish(sent[0], .partial, .timeLimit, next: 4096).isEmpty)
        #expect(fleet.job.isEnded)
        #expect(JobSummary(fleet.job).exitStatus == .stoppedEarly)
    }

    @Test("whatever comes, in whatever order: one slice a file system, every file ends once")
    func anyOrder() {
        for seed in UInt64(1)...200 {
            var random = SplitMix(seed)
            var fleet = JobFleet(hosts: ["alpha", "beta", "gamma"])
            var out = fleet.begin()
            var answered: [Sent] = []
            var steps = 0
            while !fleet.job.isEnded {
                steps += 1
                guard steps < 5000 else { break }
                fleet.now += .milliseconds(Int64.random(in: 0...3000, using: &random))
                let more: [Sent]
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<6 where !out.isEmpty:
                    let task = out.remove(at: Int.random(in: out.indices, using: &random))
                    more = fleet.answer(task, using: &random)
                    answered.append(task)
                case 6 where !answered.isEmpty:  // again
                    more = fleet.answer(answered.randomElement(using: &random)!, using: &random)
                case 7: more = fleet.input(.reconnected)
                case 8:
                    more = ["alpha", "beta", "gamma"].flatMap { fleet.hear($0, .hostState(fleet.state())) }
                default: more = fleet.input(.tick)
                }
                out += more
                let slices = out.filter { $0.isSlice && fleet.isOut($0) }
                let lanes = slices.map { "\($0.host) \($0.fileSystem)" }
                #expect(Set(lanes).count == lanes.count, "seed \(seed): two slices on one file system")
            }
            #expect(fleet.job.isEnded, "seed \(seed): no end")
            for (_, work) in fleet.job.hosts where work.phase == .finished {
                #expect(work.files.allSatisfy { $0.result != nil }, "seed \(seed)")
            }
        }
    }
}
