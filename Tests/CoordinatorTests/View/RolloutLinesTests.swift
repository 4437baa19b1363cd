import DefragTypes
import Testing

@testable import Coordinator

@Suite("What watch shows") struct RolloutLinesTests {
    private func lines(width: Int = 200, _ change: (inout RolloutView) -> Void = { _ in }) -> [String] {
        var rollout = Samples.rollout
        change(&rollout)
        return RolloutLines(rollout: rollout, width: width).lines
    }

    @Test("all of it in a line, and a line for each host at work")
    func running() {
        #expect(
            lines() == [
                "november-1  ramp 2/4  [######..................]  25%  2/8 hosts  12/25 files  100MiB/s  12m48s to go  1 of 3 allowed failed  1 lost",
                "  alpha  [############............]  50%  3/4 files  a.img 64MiB/s, longest pause 18ms",
                "  beta   [........................]   0%  0/2 files  LOST",
            ])
    }

    @Test("no line is longer than the terminal is wide")
    func width() {
        let lines = lines(width: 30)
        #expect(lines.map(\.count) == [30, 30, 30])
        #expect(lines[0] == "november-1  ramp 2/4  [######.")
    }

    @Test("hosts beyond what has room are counted")
    func more() {
        #expect(lines { $0.hosts.active = 7 }.last == "  and 5 more")
    }

    @Test("what holds it up is said, with what to do")
    func held() {
        #expect(lines { $0.pause = .operator }[1] == "  paused; go on with: reflow rollout resume november-1")
        #expect(
            lines {
                $0.pause = .errorBudget
                $0.failures = 4
            }.prefix(2) == [
                "november-1  paused (error budget)  [######..................]  25%  2/8 hosts  12/25 files  4 of 3 allowed failed  1 lost",
                "  paused after 4 failures; see: reflow rollout show november-1 --targets --state failed",
            ])
        #expect(
            lines {
                $0.isOpen = false
                $0.opensAt = Samples.time
            }[1] == "  no maintenance window is open; the next opens at 2025-11-24 20:43:20Z")
    }

    @Test("before the files are known, who has answered")
    func surveying() {
        #expect(
            lines {
                $0.phase = .surveying
                $0.hosts.surveying = 3
            } == ["november-1  surveying  5/8 hosts have answered"])
    }

    @Test("at its end there is nothing to go, and nobody at work")
    func ended() {
        #expect(
            lines {
                $0.phase = .completed
                $0.bytes.behind = $0.bytes.total
                $0.failures = 0
                $0.hosts.lost = 0
                $0.hosts.finished = 8
            } == ["november-1  completed  [########################] 100%  8/8 hosts  12/25 files"])
    }

    @Test(
        "the end of it is the exit status",
        arguments: [
            (RolloutView.Phase.completed, 0, 0, DefragTypes.ExitStatus.success), (.completed, 1, 0, .failed),
            (.completed, 0, 1, .failed),
            (.cancelled, 1, 1, .stoppedEarly),
        ])
    func exitStatus(phase: RolloutView.Phase, failed: Int, givenUp: Int, status: DefragTypes.ExitStatus) {
        var rollout = Samples.rollout
        rollout.phase = phase
        rollout.targets.failed = failed
        rollout.hosts.givenUp = givenUp
        #expect(rollout.exitStatus == status)
    }

    @Test(
        "a stage in a word or two",
        arguments: [
            (RolloutView.Stage(name: .canary), "canary"), (.init(name: .full), "full"),
            (.init(name: .ramp, step: 1, steps: 4), "ramp 1/4"),
            (.init(name: .soak, until: Samples.time), "soak until 2025-11-24 20:43:20Z"),
        ])
    func stage(stage: RolloutView.Stage, text: String) {
        #expect(stage.text == text)
    }

    @Test(
        "a bar",
        arguments: [(0.0, "[....]   0%"), (0.5, "[##..]  50%"), (0.999, "[###.]  99%"), (1.2, "[####] 100%")])
    func bar(share: Double, text: String) {
        #expect("\(Bar(share: share, cells: 4))" == text)
    }
}
