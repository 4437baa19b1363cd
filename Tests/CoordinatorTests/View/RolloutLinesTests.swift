import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("What watch shows") struct RolloutLinesTests {
    private func lines(width: Int = 200, _ change: (inout RolloutStatus) -> Void = { _ in }) -> [String] {
        var rollout = Samples.rollout
        change(&rollout)
        return RolloutLines(rollout: rollout, width: width).lines
    }

    @Test(
        "what to do about a host that cannot consume its queue is said where the broker says why",
        arguments: [
            ("the broker refused: NOT_FOUND - no queue 'q'", ". Run 'reflow provision --host a'"),
            (
                "the broker refused: ACCESS_REFUSED - access to queue",
                ". Let its broker account read that queue"
            ),
            ("another worker consumes as host a", ""),
        ])
    func deafness(why: String, advice: String) {
        #expect(Deafness(host: "a", why: why).text == "a cannot consume its tasks: \(why)\(advice)")
    }

    @Test("all of it in a line, and a line for each host at work")
    func running() {
        #expect(
            lines() == [
                "november-1  ramp 2/4  [######..................]  25%  2/8 hosts  9/25 files, 2 skipped, 1 failed  100MiB/s  12m48s to go  failures: 1, 3 allowed  1 host lost",
                "  alpha  [############............]  50%  3/4 files  a.img 64MiB/s, longest pause 18ms",
                "  beta   [........................]   0%  0/2 files  LOST",
            ])
    }

    @Test("no line is longer than the terminal is wide")
    func width() {
        let lines = lines(width: 40)
        #expect(lines.allSatisfy { $0.count <= 40 })
        #expect(lines[0] == "ramp 2/4   25%  2/8 hosts  9/25 files, 2", "the bar goes first, the name next")
        #expect(lines[2] == "  beta     0%  0/2 files  LOST")
    }

    @Test("hosts beyond what has room are counted")
    func more() {
        #expect(lines { $0.hosts.active = 7 }.last == "  and 5 more")
    }

    @Test("what holds it up is said, with what to do")
    func held() {
        #expect(
            lines {
                $0.pause = .operator
                $0.brokerTrouble = "the broker cannot be reached: refused"
            }[1] == "  the broker cannot be reached: refused; figures are from before")
        #expect(lines { $0.pause = .operator }[1] == "  paused; go on with: reflow rollout resume november-1")
        #expect(
            lines {
                $0.pause = .errorBudget
                $0.failures = 4
            }.prefix(2) == [
                "november-1  paused (error budget)  [######..................]  25%  2/8 hosts  9/25 files, 2 skipped, 1 failed  failures: 4, 3 allowed  1 host lost",
                "  paused after 4 failures; see: reflow rollout show november-1 --targets --state failed",
            ])
        #expect(
            lines {
                $0.isOpen = false
                $0.opensAt = Samples.time
            }[1] == "  no maintenance window is open; the next opens at 2025-11-24 20:43:20Z")
        #expect(
            lines {
                $0.pause = .errorBudget
                $0.targets.failed = 0
            }[1] == "  paused after 1 failure; see: reflow rollout show november-1",
            "a lost host has no file that failed")
        #expect(
            lines { $0.waitsFor = .init(id: "october-1", pause: .operator) }.prefix(2).map { $0.prefix(50) }
                == [
                    "november-1  ramp 2/4, waiting  [######............",
                    "  waiting for october-1 (paused), which has its ho",
                ])
    }

    @Test("hosts at work that all were paused by somebody else hold it up")
    func pausedHosts() {
        func obstacle(
            _ paused: [Bool], active: Int, _ change: (inout RolloutStatus) -> Void = { _ in }
        ) -> String? {
            var rollout = Samples.rollout
            rollout.working = Array(rollout.working.prefix(paused.count))
            for (index, isPaused) in paused.enumerated() {
                rollout.working[index].isLost = false
                rollout.working[index].isPaused = true
                rollout.working[index].isPausedElsewhere = isPaused
            }
            rollout.hosts.active = active
            change(&rollout)
            return RolloutLines(rollout: rollout, width: 200).obstacle
        }
        let alpha = "  host alpha is paused; go on with: reflow control --resume --host alpha"
        #expect(obstacle([true], active: 1) == alpha)
        #expect(obstacle([true], active: 0) == alpha, "its slot was given to others")
        #expect(
            obstacle([true, true], active: 2)
                == "  all 2 hosts at work are paused; go on with: reflow control --resume --host alpha --host …"
        )
        #expect(
            obstacle([true, false], active: 2) == nil, "one was paused by the rollout, and not resumed yet")
        #expect(obstacle([true, true], active: 1) { $0.working[1].isLost = true } == nil)
        #expect(obstacle([true], active: 2) == nil)
        #expect(obstacle([true], active: 1) { $0.phase = .cancelling } == nil)
        #expect(obstacle([true], active: 1) { $0.pause = .operator }?.contains("rollout resume") == true)
        #expect(obstacle([], active: 0) == nil)
    }

    /// Why nothing happens, with so many hosts at work, which `change` changes.
    private func idleness(
        _ count: Int, _ change: (inout RolloutStatus.Working) -> Void = { _ in },
        of rollout: (inout RolloutStatus) -> Void = { _ in }
    ) -> String? {
        var status = Samples.rollout
        status.working = (0..<count).map { number in
            var host = Samples.rollout.working[0]
            host.name = Samples.name("h\(number)")
            change(&host)
            return host
        }
        status.hosts.active = count
        rollout(&status)
        return RolloutLines(rollout: status, width: 200).obstacle?.trimmingCharacters(in: .whitespaces)
    }

    @Test("why nothing happens, in a sentence")
    func idle() {
        #expect(idleness(2) == nil)
        #expect(idleness(1) { $0.isLost = true } == "waiting for host h0, which is lost")
        #expect(idleness(2) { $0.isLost = true } == "waiting for all 2 hosts at work, which are lost")
        #expect(
            idleness(1) { $0.deaf = "access refused" } == "host h0 cannot consume its tasks: access refused")
        #expect(
            idleness(2) { $0.deaf = "x" } == "host h0 cannot consume its tasks: x; nor can the others at work"
        )
        #expect(
            idleness(1) { $0.silentSeconds = 180 } == "no sign of life of the slices that are out on host h0")
        #expect(
            idleness(2) {
                $0.targets = .init([.backingOff: 2, .done: 3]); $0.nextAttempt = Samples.time
            }
                == "the files that are left wait for another attempt, the next at 2025-11-24 20:43:20Z")
        #expect(
            idleness(2) {
                $0.targets = .init([.backingOff: 2, .inFlight: 1]); $0.nextAttempt = Samples.time
            }
                == nil)
        #expect(
            idleness(0) { _ in
            } of: {
                ($0.hosts.waiting, $0.hosts.lost) = (2, 2)
            }
                == "waiting for 2 hosts that are lost; see: reflow hosts")
        #expect(
            idleness(0) { _ in
            } of: {
                ($0.hosts.waiting, $0.hosts.lost) = (2, 1)
            } == nil)
        #expect(
            idleness(1) {
                $0.isLost = true
            } of: {
                $0.phase = .completed
            } == nil)
    }

    @Test(
        "hosts that cannot be asked are said, also where nobody works",
        arguments: [
            // Phase, deaf, lost, waiting, surveying, at work: whether they hold it up.
            (Rollout.Phase.surveying, 1, 0, 0, 1, 0, true), (.surveying, 2, 1, 0, 3, 0, true),
            (.surveying, 0, 0, 0, 3, 0, false), (.running, 1, 0, 1, 0, 0, true),
            (.running, 1, 0, 0, 1, 0, true), (.running, 1, 2, 3, 0, 0, true),
            // Others wait for a slot, or work.
            (.running, 1, 0, 2, 0, 0, false), (.running, 1, 0, 1, 0, 1, false),
            (.cancelling, 1, 0, 0, 1, 0, false), (.completed, 1, 0, 0, 0, 0, false),
        ])
    func deaf(
        phase: Rollout.Phase, deaf: Int, lost: Int, waiting: Int, surveying: Int, working: Int, isSaid: Bool
    ) {
        let obstacle = idleness(working) { _ in
        } of: {
            $0.phase = phase
            if deaf > 0 { $0.deaf = .init(name: Samples.name("z"), why: "access refused", count: deaf) }
            ($0.hosts.lost, $0.hosts.waiting, $0.hosts.surveying) = (lost, waiting, surveying)
        }
        let others = deaf > 1 ? "; nor can 1 other host" : ""
        #expect(obstacle == (isSaid ? "host z cannot consume its tasks: access refused\(others)" : nil))
    }

    @Test("no maintenance window keeps hosts from being asked, and a pause does")
    func deafAndClosed() {
        func obstacle(_ change: (inout RolloutStatus) -> Void) -> String? {
            idleness(0) { _ in
            } of: {
                $0.phase = .surveying
                $0.deaf = .init(name: Samples.name("z"), why: "x", count: 1)
                change(&$0)
            }
        }
        #expect(obstacle { $0.isOpen = false } == "host z cannot consume its tasks: x")
        #expect(obstacle { $0.pause = .operator }?.hasPrefix("paused") == true)
    }

    @Test("a slice that waits on its host behind another job's is said to")
    func queued() {
        let waits = { (host: inout RolloutStatus.Working) in (host.running, host.queuedSeconds) = ([], 40) }
        #expect(idleness(1, waits) == "the slice that is out waits on host h0, which has not begun it")
        #expect(
            idleness(1) {
                waits(&$0)
                $0.otherJobs = ["job-1", "job-2"]
            } == "the slice that is out waits on host h0, which is at work for job-1, job-2")
        #expect(
            idleness(2, waits) == "the slices that are out wait on 2 hosts, which have not begun them")
        #expect(idleness(1) { $0.queuedSeconds = 40 } == nil, "another slice runs")
        #expect(
            lines {
                waits(&$0.working[0])
                $0.working[0].otherJobs = ["job-1"]
            }.contains { $0.hasPrefix("  alpha") && $0.hasSuffix("waits there for 40s behind job-1") })
    }

    @Test("one that is set aside says so, why, and how it goes on")
    func setAside() {
        let lines = lines {
            $0.setAside = "the disk is full"
            $0.brokerTrouble = "away"
        }
        #expect(lines[0].hasPrefix("november-1  set aside  "))
        #expect(
            lines[1]
                == "  set aside: the disk is full. It is tried again when the coordinator is started again")
        var rollout = Samples.rollout
        rollout.setAside = "x"
        #expect(rollout.exitStatus == .failed)
        rollout.phase = .cancelled
        #expect(rollout.standing == "cancelled")
    }

    @Test("one to whose hosts nothing can be delivered is told from one that hears no answers")
    func undeliverable() {
        #expect(lines { $0.pause = .undeliverable }[0].hasPrefix("november-1  paused (nothing delivered)  "))
        #expect(
            lines { $0.pause = .undeliverable }[1]
                == "  paused, as nothing could be delivered to any host; see: reflow rollout show november-1; go on with: reflow rollout resume november-1"
        )
        #expect(lines { $0.pause = .unanswered }[1].contains("answers lost"))
    }

    @Test("a host at work that is deaf, silent, or waits is shown so")
    func hostsAtWork() {
        func line(_ change: (inout RolloutStatus.Working) -> Void) -> String {
            lines { change(&$0.working[0]) }.first { $0.hasPrefix("  alpha") } ?? ""
        }
        #expect(line { $0.deaf = "no" }.hasSuffix("3/4 files  deaf"))
        #expect(
            line { ($0.running, $0.silentSeconds) = ([], 185.2) }.hasSuffix("no sign of life for 3m05s"))
        #expect(
            line { ($0.running, $0.nextAttempt, $0.targets) = ([], Samples.time, .init([.backingOff: 1])) }
                .hasSuffix("next attempt at 2025-11-24 20:43:20Z"))
    }

    @Test(
        "numbers that nobody can have are shown all the same",
        arguments: [1e300, -1e300, Double.greatestFiniteMagnitude])
    func absurd(number: Double) {
        var rollout = Samples.fullRollout
        rollout.pause = nil
        (rollout.bytesPerSecond, rollout.secondsLeft, rollout.longestPauseMs) = (number, number, number)
        rollout.bytes = .init(total: 1, behind: number < 0 ? .init(Int64.min) : .init(Int64.max))
        rollout.working[0].running[0].maxPauseMs = number
        rollout.working[0].running[0].rewritten = .init(Int64.max)
        rollout.working[0].silentSeconds = number
        #expect(!RolloutLines(rollout: rollout, width: 500).lines.isEmpty)
        #expect(Tables.rollouts([rollout]).contains("november-1"))
        #expect(Tables.pauses(of: rollout) != nil || number < 0)
        #expect(ByteCount(saturating: number) == (number < 0 ? .init(Int64.min) : .init(Int64.max)))
        #expect(!Timestamp(Date(timeIntervalSince1970: number)).description.isEmpty)
    }

    @Test("before the files are known, who has answered")
    func surveying() {
        #expect(
            lines {
                $0.phase = .surveying
                $0.hosts.surveying = 3
            } == ["november-1  surveying  5/8 hosts answered"])
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
            } == [
                "november-1  completed with failures  [########################] 100%  8/8 hosts  9/25 files, 2 skipped, 1 failed"
            ])
    }

    @Test("a host that was given up is told beside those that have finished, as files are that failed")
    func givenUp() {
        #expect(
            lines {
                $0.phase = .completed
                $0.bytes.behind = $0.bytes.total
                $0.hosts = .init(total: 4, finished: 3, givenUp: 1)
                $0.targets = .init(total: 8, done: 6, failed: 2)
                $0.allowedFailures = nil
            } == [
                "november-1  completed with failures  [########################] 100%  3/4 hosts, 1 given up  6/8 files, 2 failed"
            ])
    }

    @Test(
        "the end of it is the exit status",
        arguments: [
            (Rollout.Phase.completed, 0, 0, DefragTypes.ExitStatus.success), (.completed, 1, 0, .failed),
            (.completed, 0, 1, .failed), (.completedWithFailures, 1, 0, .failed),
            (.cancelled, 1, 1, .stoppedEarly),
        ])
    func exitStatus(phase: Rollout.Phase, failed: Int, givenUp: Int, status: DefragTypes.ExitStatus) {
        var rollout = Samples.rollout
        rollout.phase = phase
        rollout.targets.failed = failed
        rollout.hosts.givenUp = givenUp
        #expect(rollout.exitStatus == status)
        let isCompleted = phase != .cancelled
        #expect(
            rollout.standing
                == (isCompleted ? status == .success ? "completed" : "completed with failures" : "cancelled"))
    }

    @Test(
        "a stage in a word or two",
        arguments: [
            (RolloutStatus.Stage(name: .canary), "canary"), (.init(name: .full), "full"),
            (.init(name: .ramp, step: 1, steps: 4), "ramp 1/4"),
            (.init(name: .soak, until: Samples.time), "soak until 2025-11-24 20:43:20Z"),
        ])
    func stage(stage: RolloutStatus.Stage, text: String) {
        #expect(stage.text == text)
    }

    @Test(
        "a bar",
        arguments: [(0.0, "[....]   0%"), (0.5, "[##..]  50%"), (0.999, "[###.]  99%"), (1.2, "[####] 100%")])
    func bar(share: Double, text: String) {
        #expect("\(Bar(share: share, cells: 4))" == text)
    }
}
