import Contract
import Foundation
import Testing

@testable import Coordinator

@Suite("A sender's share") struct AdmissionTests {
    private let host = HostMail.Sender(account: "reflow-a", host: named("a"))
    private let other = HostMail.Sender(account: "reflow-b", host: named("b"))
    private let start = ContinuousClock.now

    /// How many of `count` messages of `bytes`, spread over so many seconds, are looked at.
    private func admitted(
        _ admission: Admission, _ sender: HostMail.Sender, _ count: Int, of bytes: Int, over seconds: Double
    ) -> Int {
        (0..<count).count { number in
            let now = start + .seconds(seconds * Double(number) / Double(count))
            return admission.admits(sender, bytes: bytes, .unasked, at: now)
        }
    }

    @Test("is enough for a host that says every second what it does")
    func honest() {
        let admission = Admission()
        #expect(admitted(admission, host, 36_000, of: 8 << 10, over: 3600) == 36_000)
        #expect(admission.takeDropped().isEmpty)
    }

    @Test("of a flood so much is looked at as its share, and the rest is counted")
    func flood() {
        let admission = Admission()
        // 500 messages of 100 KiB a second, for a minute.
        let looked = admitted(admission, host, 30_000, of: 100 << 10, over: 60)
        let share = (4 << 20 + 60 * 262_144) / (100 << 10)
        #expect((share - 1...share + 1).contains(looked))
        let subject = Complaint.Subject(account: "reflow-a", host: named("a"), kind: .overShare)
        #expect(admission.takeDropped() == [subject: 30_000 - looked])
        // Another sender's is its own.
        #expect(admission.admits(other, bytes: 100 << 10, .unasked, at: start + .seconds(60)))
    }

    @Test("small messages are bounded by their number")
    func small() {
        let looked = admitted(Admission(), host, 100_000, of: 10, over: 10)
        #expect((999...1001).contains(looked))
    }

    @Test("a message larger than the whole share is looked at when the share is whole, once")
    func large() {
        let admission = Admission()
        #expect(admission.admits(host, bytes: 64 << 20, .unasked, at: start))
        #expect(!admission.admits(host, bytes: 1, .unasked, at: start + .seconds(1)))
    }

    @Test("whoever has been silent is forgotten, and has a whole share again")
    func silent() {
        let admission = Admission()
        _ = admission.admits(host, bytes: 4 << 20, .unasked, at: start)
        admission.forget(AwaitedTasks(), at: start + .seconds(1))
        #expect(!admission.admits(host, bytes: 4 << 20, .unasked, at: start + .seconds(1)))
        admission.forget(AwaitedTasks(), at: start + .seconds(60))
        #expect(admission.admits(host, bytes: 4 << 20, .unasked, at: start + .seconds(60)))
    }

    /// How many of `count` messages of host `a` about `task` are looked at, all at once.
    private func admitted(
        _ admission: Admission, _ awaited: AwaitedTasks, _ count: Int, of bytes: Int, _ type: String,
        task: String?, isRedelivered: Bool = false
    ) -> Int {
        let head = Admission.Head(
            sender: host, routingKey: "a.\(type)", task: task, bytes: bytes, isRedelivered: isRedelivered)
        return (0..<count).count { _ in admission.admits(head, awaited, at: start) }
    }

    @Test("what was asked for is looked at, however much it is")
    func asked() {
        let (admission, awaited) = (Admission(), AwaitedTasks())
        for task in ["s", "r-0-1", "r-1-1"] { awaited.add(task, of: named("a"), isSurvey: task == "s") }
        // Of 20,000 files with long paths, a page each hundred; slices beside it.
        #expect(admitted(admission, awaited, 200, of: 256 << 10, "reflow.survey.page", task: "s.x") == 200)
        #expect(admitted(admission, awaited, 1, of: 4096, "reflow.survey.finished", task: "s.x") == 1)
        for task in ["r-0-1.x", "r-1-1.x"] {
            #expect(admitted(admission, awaited, 3, of: 1 << 20, "reflow.slice.finished", task: task) == 3)
        }
        #expect(admission.takeDropped().isEmpty)
    }

    @Test(
        "of an answer so much is looked at as one may be, and its sender's share",
        arguments: [
            ("reflow.slice.finished", 1000, Admission.Allowance.slice),
            ("reflow.slice.finished", 1 << 20, .slice), ("reflow.survey.page", 100, .survey),
            ("reflow.survey.page", 1 << 20, .survey), ("reflow.survey.finished", 100, .survey),
        ])
    func copies(type: String, bytes: Int, allowance: Admission.Allowance) {
        let (admission, awaited) = (Admission(), AwaitedTasks())
        let isSurvey = allowance == .survey
        awaited.add("r-0-1", of: named("a"), isSurvey: isSurvey)
        var looked = 0
        // Under other names of the same.
        for number in 0..<600 {
            looked += admitted(admission, awaited, 100, of: bytes, type, task: "r-0-1.\(number)")
        }
        let share = min(500, (4 << 20) / bytes)
        #expect(looked == min(allowance.messages, allowance.bytes / bytes) + share)
        #expect(admission.takeDropped().values.reduce(0, +) == 60_000 - looked)
        // What the broker delivers again was not said again.
        let again = admitted(
            admission, awaited, 100, of: bytes, type, task: "r-0-1", isRedelivered: true)
        #expect(again == 100)
        // The next task's is another answer.
        awaited.remove("r-0-1", of: named("a"))
        awaited.add("r-0-2", of: named("a"), isSurvey: isSurvey)
        admission.forget(awaited, at: start)
        #expect(admitted(admission, awaited, 1, of: bytes, type, task: "r-0-2") == 1)
        #expect(admitted(admission, awaited, 1, of: bytes, type, task: "r-0-1") == 0)
    }

    @Test("a survey's answer to a slice is within its sender's share only")
    func otherKind() {
        let (admission, awaited) = (Admission(), AwaitedTasks())
        awaited.add("r-0-1", of: named("a"), isSurvey: false)
        #expect(admitted(admission, awaited, 600, of: 100, "reflow.survey.page", task: "r-0-1") == 500)
        #expect(admitted(admission, awaited, 1, of: 100, "reflow.slice.finished", task: "r-0-1") == 1)
    }

    @Test("an answer to somebody else is not looked at, and is a flood where it is more than a survey's")
    func foreign() {
        let (admission, awaited) = (Admission(), AwaitedTasks())
        func answers(_ count: Int) {
            #expect(
                admitted(admission, awaited, count, of: 100, "reflow.survey.page", task: "\(JobID())-s")
                    == 0)
        }
        answers(Admission.Allowance.survey.messages)
        #expect(admission.takeDropped().isEmpty)
        answers(7)
        #expect(admission.takeDropped().values.reduce(0, +) == 7)
    }

    @Test("an answer is awaited by its task, whichever process has sent it")
    func awaited() {
        let awaited = AwaitedTasks()
        awaited.add("r-0-1", of: named("a"), isSurvey: false)
        #expect(awaited.isAwaited("r-0-1", of: named("a")))
        #expect(awaited.isAwaited("r-0-1", of: named("a"), isSurvey: false))
        #expect(!awaited.isAwaited("r-0-1", of: named("a"), isSurvey: true))
        #expect(!awaited.isAwaited(nil, of: named("a"), isSurvey: true))
        #expect(awaited.isAwaited("r-0-1.tro8w0", of: named("a")))
        #expect(awaited.isAwaited(nil, of: named("a")))
        #expect(!awaited.isAwaited("r-0-10", of: named("a")))
        #expect(!awaited.isAwaited("r-0-1", of: named("b")))
        awaited.remove("r-0-1.x", of: named("a"))
        #expect(!awaited.isAwaited(nil, of: named("a")))
        for _ in 0..<3 { awaited.add("r-0-2", of: named("a"), isSurvey: true) }
        #expect(awaited.count == 1)
        awaited.replace(with: [
            (host: named("b"), task: "r-1-1.x", isSurvey: false),
            (host: named("b"), task: "r-1-1.y", isSurvey: false),
        ])
        #expect(!awaited.isAwaited(nil, of: named("a")))
        #expect(awaited.isAwaited("r-1-1", of: named("b")))
        #expect(awaited.count == 1)
    }
}

@Suite("Complaints") struct ComplaintTests {
    private func complaint(_ account: String, _ kind: Complaint.Kind = .malformed) -> Complaint {
        Complaint(subject: .init(account: account, host: nil, kind: kind), detail: "odd")
    }

    @Test("of a kind the first is told at once, those that follow as a number")
    func counted() {
        var registry = ComplaintRegistry()
        let now = Date()
        var told = 0
        for second in 0..<1200 {
            let time = now + Double(second)
            told += registry.add(complaint("evil"), at: time).count
            told += registry.tick(at: time).count
        }
        #expect(told == 2, "the first, and those of ten minutes")
    }

    @Test("nobody's hide another's, however many there are")
    func hidden() {
        var registry = ComplaintRegistry()
        let now = Date()
        for number in 0..<10_000 {
            var odd = complaint("evil")
            odd.subject.host = HostName("h\(number)")
            _ = registry.add(odd, at: now)
        }
        #expect(registry.add(complaint("honest"), at: now).count == 1)
    }

    @Test("dead letters are told one by one, as far as one reads them")
    func letters() {
        var registry = ComplaintRegistry()
        let told = (0..<500).map { _ in registry.add(complaint("a", .deadLetter), at: Date()).count }
        #expect(told.reduce(0, +) == 10)
    }
}

@Suite("Bytes that are held", .timeLimit(.minutes(1))) struct ByteBudgetTests {
    @Test("are bounded, in the order of asking; what is larger than the bound comes through alone")
    func bounds() async {
        let budget = ByteBudget(100)
        await budget.reserve(60)
        let (order, continuation) = AsyncStream.makeStream(of: Int.self)
        let large = Task {
            await budget.reserve(1000)
            continuation.yield(1)
        }
        var iterator = order.makeAsyncIterator()
        budget.release(60)
        #expect(await iterator.next() == 1)
        let small = Task {
            await budget.reserve(1)
            continuation.yield(2)
        }
        budget.release(1000)
        #expect(await iterator.next() == 2)
        await large.value
        await small.value
        budget.close()
        await budget.reserve(1 << 40)
    }
}
