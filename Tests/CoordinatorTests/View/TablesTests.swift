import Contract
import DefragTypes
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("What the listings print") struct TablesTests {
    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func hosts() {
        #expect(
            lines(Tables.hosts([Samples.host, Samples.lostHost])) == [
                "HOST   STATE                 LAST HEARD            VERSION  LABELS         FREE",
                "alpha  working (november-1)  2025-11-24 20:43:20Z  0.4.0    rack=r1 row=2  /srv/vm 25GiB of 100GiB",
                "beta   LOST                  2025-11-24 20:43:20Z",
            ])
        #expect(Tables.hosts([HostStatus]()).hasPrefix("no host was heard yet"))
    }

    @Test(
        "what a host does",
        arguments: [
            (DesiredState.Mode.pause, true, "paused"), (.run, true, "working (november-1)"),
            (.run, false, "surveying"),
        ])
    func doing(mode: DesiredState.Mode, isRunning: Bool, text: String) {
        var host = Samples.host
        host.state?.mode = mode
        if !isRunning { host.state?.running = [] }
        #expect(Tables.hosts([host]).contains("alpha  \(text)"))
    }

    @Test("a host that cannot consume, and one that is two, are shown so, with what to do")
    func deaf() {
        var host = Samples.host
        host.state?.deaf = "access to queue 'reflow.tasks.alpha' refused"
        let table = Tables.hosts([host])
        #expect(table.contains("alpha  deaf  "))
        #expect(
            table.hasSuffix("\nalpha cannot consume its tasks: access to queue 'reflow.tasks.alpha' refused"))
        host.isLost = true
        #expect(Tables.hosts([host]).contains("alpha  LOST  "))
        (host.isLost, host.hasTwin) = (false, true)
        host.state?.deaf = nil
        #expect(Tables.hosts([host]).contains("alpha  two workers  "))
        #expect(Tables.hosts([host]).contains("give it its own REFLOW_HOST"))
    }

    @Test("what is known of a host from before the coordinator's start is not told as if it were so now")
    func fromBefore() {
        var host = Samples.host
        host.isFromBefore = true
        host.state?.deaf = "x"
        #expect(Tables.hosts([host]).contains("alpha  not heard yet  2025-11-24 20:43:20Z"))
        #expect(!Tables.hosts([host]).contains("cannot consume"))
        host.isLost = true
        #expect(Tables.hosts([host]).contains("alpha  LOST  "))
    }

    @Test("a host of a rollout that cannot consume is shown so, with why")
    func deafInRollout() {
        var host = Samples.rolloutHost
        (host.deaf, host.lostSince, host.isCanary) = ("access refused", nil, false)
        host.phase = .surveying
        #expect(Tables.hosts([host]).contains("alpha  surveying, deaf  "))
        #expect(Tables.hosts([host]).contains("\nalpha cannot consume its tasks: access refused"))
    }

    @Test("whatever a host says, a line is one that can be read", arguments: [1, 60_000])
    func longLabels(count: Int) {
        var host = Samples.host
        host.labels = Dictionary(
            uniqueKeysWithValues: (0..<count).map {
                ("l\($0)", String(repeating: "x", count: 60_000 / count))
            })
        let system = host.state?.fileSystems.first
        host.state?.fileSystems = Array(repeating: system, count: 256).compactMap(\.self)
        var own = Samples.rolloutHost
        (own.labels, own.problems) = (host.labels, [String(repeating: "p", count: 60_000)])
        for table in [Tables.hosts([host]), Tables.hosts([own])] {
            #expect(table.split(separator: "\n").allSatisfy { $0.count < 1200 })
            #expect(table.contains("…"))
        }
        #expect(Tables.hosts([host]).contains("and 252 more"))
    }

    @Test func rollouts() {
        #expect(
            lines(Tables.rollouts([Samples.rollout])) == [
                "ROLLOUT     NAME      STATE     DONE  HOSTS  GIVEN UP  FILES  FAILED  EXTENTS         STARTED",
                "november-1  november  ramp 2/4   25%    2/8         0   9/25       1  500000 -> 1200  2025-11-24 20:43:20Z",
            ])
        #expect(Tables.rollouts([]) == "no rollouts; begin one with: reflow rollout start SPEC.yaml")
    }

    @Test func rolloutHosts() {
        #expect(
            lines(Tables.hosts([Samples.rolloutHost])) == [
                "HOST   STATE                                     DONE  FILES  FAILED  SKIPPED  EXTENTS     LABELS",
                "alpha  LOST since 2025-11-24 20:43:20Z (canary)   50%    2/4       1        0  1000 -> 12  rack=r1",
                "alpha: '/srv/vm/b.img' is not a regular file",
            ])
    }

    @Test("a host that somebody has paused is shown so")
    func paused() {
        var host = Samples.rolloutHost
        (host.isPaused, host.lostSince, host.isCanary) = (true, nil, false)
        #expect(Tables.hosts([host]).contains("alpha  active, paused  "))
    }

    @Test("a policy in a line, with what was set since")
    func policy() {
        #expect(Tables.policy(of: Samples.rollout) == "policy  maxPause=20ms")
        #expect(Tables.policy(of: Samples.fullRollout) == "policy  maxPause=5ms (set)")
        var rollout = Samples.rollout
        rollout.policy = PolicyOverrides()
        #expect(Tables.policy(of: rollout) == "policy  the workers' own")
        rollout.policy.duty = 0.29
        rollout.overrides.minFree = .bytes(.gibibytes(10))
        #expect(Tables.policy(of: rollout) == "policy  duty=29% minFree=10GiB (set)")
    }

    @Test("what is wrong with a plan or a survey is its exit status")
    func exitStatus() {
        var plan = Samples.plan
        #expect(PlanText(plan: plan).exitStatus == .failed, "something cannot be looked at")
        plan.hosts[1].problems = []
        #expect(PlanText(plan: plan).exitStatus == .success)
        plan.hosts[1].hasAnswered = false
        #expect(PlanText(plan: plan).exitStatus == .failed)
        plan.hosts.removeLast()
        plan.total.matched = 0
        #expect(PlanText(plan: plan).exitStatus == .failed, "a misspelt pattern")
        var survey = Samples.survey
        survey.hosts.removeLast()
        #expect(SurveyText(survey: survey).exitStatus == .success)
        (survey.hosts[0].files, survey.hosts[0].summary) = ([], SurveySummary())
        #expect(SurveyText(survey: survey).text == "no files\n\n3 files on 1 host, all well laid.")
        survey.hosts[0].matched = 0
        #expect(SurveyText(survey: survey).exitStatus == .failed)
        #expect(SurveyText(survey: survey).text == "no files\n\nNo file matches.")
    }

    @Test func targets() {
        var failed = Samples.target(number: 4)
        failed.result?.pause.count = 3400
        failed.result?.pause.over = 12
        var waiting = Samples.target(number: 1)
        (waiting.state, waiting.notBefore) = (.backingOff, Samples.time)
        (waiting.reason, waiting.failedAttempts) = (.noAnswer, 2)
        #expect(
            lines(Tables.targets([failed, waiting])) == [
                "HOST   STATE                                                        EXTENTS  AFTER  SIZE  PAUSE     OVER  FILE",
                "alpha  failed (ioError)                                                1000     40  1GiB   12ms  12/3400  /srv/vm/4.img",
                "alpha  backingOff (noAnswer, attempt 2) until 2025-11-24 20:43:20Z      900         1GiB                  /srv/vm/1.img",
            ])
        #expect(Tables.targets([]) == "no files")
    }

    @Test func deadLetters() {
        #expect(
            lines(Tables.deadLetters([Samples.deadLetter])) == [
                "ID  FOUND                 HOST   TYPE               REASON     DETAIL",
                "17  2025-11-24 20:43:20Z  alpha  reflow.task.slice  malformed  no path",
            ])
        #expect(
            lines(Tables.deadLetter(Samples.deadLetter)) == [
                "id       17", "found    2025-11-24 20:43:20Z", "queue    reflow.tasks.alpha",
                "host     alpha", "account  reflow-alpha",
                "type     reflow.task.slice", "message  november-1-t3-2",
                "reason   malformed",
                "detail   no path", "size     14 bytes", "", #"{"job":"none"}"#,
            ])
        #expect(Tables.deadLetters([]) == "no dead letters")
    }

    @Test func audit() {
        #expect(
            lines(Tables.audit([Samples.audit])) == [
                "TIME                  WHO   DID          TO          WITH",
                "2025-11-24 20:43:20Z  root  rollout.set  november-1  maxPause=5ms",
            ])
    }

    @Test func event() {
        #expect(
            Tables.event(Samples.event)
                == "2025-11-24 20:43:20Z  rollout.paused  november-1: november-1 is paused")
        #expect(
            Tables.event(Samples.event, ofRollout: false)
                == "2025-11-24 20:43:20Z  rollout.paused  november-1 is paused")
    }

    @Test(
        "JSON in a few words",
        arguments: [
            (JSONValue.null, "-"), (.bool(true), "true"), (.integer(3), "3"), (.number(0.5), "0.5"),
            (.string("a"), "a"),
            (.array([.integer(1), .string("b")]), "1,b"),
            (.object(["b": .integer(1), "a": .object(["c": .null])]), "a=c=- b=1"),
        ])
    func json(value: JSONValue, text: String) {
        #expect(value.text == text)
    }

    @Test func plan() {
        #expect(
            lines(PlanText(plan: Samples.plan).text) == [
                "TURN    HOST   FILES  SIZE  EXTENTS  GAIN  LABELS",
                "canary  alpha      2  4GiB   900000   18s  rack=r1",
                "none    beta       0    0B        0     -", "",
                "1 host, 2 files, 4GiB in 900000 extents.",
                "Reflink copies would block writers for 18s less.",
                "Space needed: 16MiB on each file system, and at most 1GiB for each file that is shared now.",
                "It would take about 2m05s.", "Nothing was touched.",
                "Note: no window is open before 2026-11-23 22:00:00Z", "beta: '/x' is not there",
            ])
    }

    @Test func survey() {
        #expect(
            lines(SurveyText(survey: Samples.survey).text) == [
                "HOST   EXTENTS  AVERAGE   SIZE  SHARED  REFLINK  GAIN  FILE",
                "alpha        3   5.3KiB  16KiB      0B      3ms   2ms  /srv/vm/a.img", "",
                "1 file on 2 hosts; defragmenting them would save 2ms.",
                "alpha: '/srv/vm/a.img' has the no-defrag flag", "beta has no worker",
                "beta: '/x' is not there",
            ])
    }
}
