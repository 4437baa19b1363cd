import Testing

@testable import AMQP

@Suite struct LivenessTests {
    private let start = Instant.now

    private func at(_ seconds: Double) -> Instant { start + .seconds(seconds) }

    @Test func heartbeatsAreSentTwiceAnInterval() {
        var liveness = Liveness(interval: .seconds(10), endpoint: "e", at: start)
        #expect(!liveness.isHeartbeatDue(at: at(4.9)))
        #expect(liveness.isHeartbeatDue(at: at(5)))
        #expect(liveness.deadline(isWaitingToWrite: false) == at(5))
        liveness.sent(at: at(5))
        #expect(!liveness.isHeartbeatDue(at: at(9)))
        // It waits for the socket, not for the clock.
        #expect(liveness.deadline(isWaitingToWrite: true) == at(20))
    }

    @Test func aSilentPeerIsGivenUpAfterTwoIntervals() {
        var liveness = Liveness(interval: .seconds(10), endpoint: "e", at: start)
        #expect(liveness.failure(at: at(19.9)) == nil)
        #expect(liveness.failure(at: at(20))?.code == .unreachable)
        liveness.received(at: at(19))
        #expect(liveness.failure(at: at(38)) == nil)
    }

    @Test func aPeerThatReadsNothingIsGivenUp() {
        var liveness = Liveness(interval: .seconds(10), endpoint: "e", at: start)
        for second in stride(from: 1.0, through: 20, by: 1) {
            liveness.received(at: at(second))
            liveness.stalled(at: at(second))
        }
        #expect(liveness.failure(at: at(20.5)) == nil)
        #expect(liveness.failure(at: at(21))?.message.contains("read nothing") == true)
        liveness.idle()
        #expect(liveness.failure(at: at(21)) == nil)
    }

    @Test func withoutHeartbeatsSilenceIsAllowedAndStallingIsNot() {
        var liveness = Liveness(interval: .zero, endpoint: "e", at: start)
        #expect(!liveness.isHeartbeatDue(at: at(1000)))
        #expect(liveness.failure(at: at(1000)) == nil)
        #expect(liveness.deadline(isWaitingToWrite: false) == nil)
        liveness.stalled(at: at(1000))
        #expect(liveness.failure(at: at(1030))?.code == .unreachable)
    }
}

@Suite struct PaceTests {
    @Test func pausesDoubleUpToTheMaximumAndAreSpread() {
        let backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
        let longest = (0...5).map { backoff.delay(attempt: $0, random: 1) }
        #expect(longest == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        #expect(backoff.delay(attempt: 1000, random: 0) == .milliseconds(500))
    }

    @Test func onlyALastingSuccessIsOne() {
        let start = Instant.now
        var pace = Pace(Backoff(initial: .milliseconds(100), maximum: .seconds(1)))
        #expect(pace.failed(at: start, random: 1) == .milliseconds(100))
        pace.succeeded(at: start)
        #expect(pace.failed(at: start + .milliseconds(10), random: 1) == .milliseconds(200))
        pace.succeeded(at: start)
        #expect(pace.failed(at: start + .seconds(2), random: 1) == .milliseconds(100))
    }

    @Test func whatFailsNowAndThenIsTriedAgainAtOnceEachTime() {
        let start = Instant.now
        var pace = Pace(Backoff(initial: .milliseconds(100), maximum: .seconds(30)))
        for minute in 0..<10 {
            let now = start + .seconds(60 * minute)
            // A queue that is gone for a moment, six seconds after it was there.
            #expect(pace.failed(at: now, random: 1) == .milliseconds(100))
            #expect(pace.failed(at: now, random: 1) == .milliseconds(200))
            pace.succeeded(at: now + .seconds(54))
        }
    }
}
