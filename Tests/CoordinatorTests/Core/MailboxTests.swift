import Testing

@testable import Coordinator

@Suite("A mailbox", .timeLimit(.minutes(1))) struct MailboxTests {
    @Test("hands out what has come in its order, so many at a time")
    func order() async {
        let mailbox = Mailbox<Int>()
        for number in 0..<5 { mailbox.put(number) }
        #expect(await mailbox.next(most: 3) == [0, 1, 2])
        mailbox.put(5)
        #expect(await mailbox.next(most: .max) == [3, 4, 5])
    }

    @Test("lets its reader wait, and go on with the first thing that comes")
    func waiting() async {
        let mailbox = Mailbox<Int>()
        let reader = Task { await mailbox.next(most: 10) }
        mailbox.put(7)
        #expect(await reader.value == [7])
    }

    @Test("that is closed gives out what it has, then nothing, and takes nothing in")
    func closing() async {
        let mailbox = Mailbox<Int>()
        mailbox.put(1)
        mailbox.close()
        mailbox.put(2)
        #expect(await mailbox.next(most: 10) == [1])
        #expect(await mailbox.next(most: 10) == nil)
        let waiting = Mailbox<Int>()
        let reader = Task { await waiting.next(most: 10) }
        waiting.close()
        #expect(await reader.value == nil)
    }
}
