import Testing

@testable import AMQP

@Suite struct ManagementTests {
    private let now = Instant.now
    private var actions: [Action] = []
    private var management = Management(channel: 1, rpcTimeout: .seconds(5))

    private mutating func open() {
        management.connected(at: now, &actions)
        management.received(.channelOpenOk, at: now, &actions)
        actions = []
    }

    @Test mutating func oneAfterTheOther() {
        open()
        management.call(1, .inspectQueue("a"), at: now, &actions)
        management.call(2, .inspectQueue("b"), at: now, &actions)
        #expect(actions == [.send(.method(1, .inspectQueue("a")))])
        management.received(.reply(.done), at: now, &actions)
        #expect(actions.dropFirst() == [.settle(1, .success(.done)), .send(.method(1, .inspectQueue("b")))])
    }

    @Test mutating func aRefusalReopensTheChannelAndContinues() {
        open()
        management.call(1, .inspectQueue("a"), at: now, &actions)
        management.call(2, .inspectQueue("b"), at: now, &actions)
        actions = []
        let closure = Closure(replyCode: 404, text: "NOT_FOUND - no queue 'a' in vhost '/'")
        management.received(.channelClose(closure), at: now, &actions)
        #expect(
            actions == [
                .send(.method(1, .channelCloseOk)), .settle(1, .failure(AMQPError(closure))),
                .send(.method(1, .channelOpen)),
            ])
        actions = []
        management.received(.channelOpenOk, at: now, &actions)
        #expect(actions == [.send(.method(1, .inspectQueue("b")))])
    }

    @Test mutating func aLateAnswerIsNotUsedForTheNext() throws {
        open()
        management.call(1, .inspectQueue("a"), at: now, &actions)
        management.call(2, .inspectQueue("b"), at: now, &actions)
        actions = []
        management.tick(at: now + .seconds(5), &actions)
        guard case .settle(1, .failure(let error)) = try #require(actions.first) else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .timeout)
        #expect(error.isRetriable)
        #expect(actions.dropFirst() == [.send(.method(1, .channelClose))])
        actions = []
        management.received(.reply(.messages(1)), at: now, &actions)
        #expect(actions == [])
        management.received(.channelCloseOk, at: now, &actions)
        management.received(.channelOpenOk, at: now, &actions)
        management.received(.reply(.messages(2)), at: now, &actions)
        #expect(actions.last == .settle(2, .success(.messages(2))))
    }

    @Test mutating func callsOutliveTheConnection() {
        open()
        management.call(1, .inspectQueue("a"), at: now, &actions)
        management.call(2, .inspectQueue("b"), at: now, &actions)
        management.forget(2)
        management.disconnected()
        actions = []
        management.connected(at: now, &actions)
        management.received(.channelOpenOk, at: now, &actions)
        management.received(.reply(.done), at: now, &actions)
        #expect(
            actions == [
                .send(.method(1, .channelOpen)), .send(.method(1, .inspectQueue("a"))),
                .settle(1, .success(.done)),
            ])
    }
}
