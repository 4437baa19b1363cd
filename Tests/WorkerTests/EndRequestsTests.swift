import Testing
import UnixSignals

@testable import Worker

@Suite("Signals that end the program") struct EndRequestsTests {
    @Test(
        "the first asks for the end, another one for an end at once, but for a lost connection that is told twice",
        arguments: [
            ([.sigterm], [.end]), ([.sighup], [.end]), ([.sigint, .sigint], [.end, .endNow]),
            ([.sigterm, .sigint], [.end, .endNow]),
            ([.sighup, .sighup, .sigterm], [.end, .ignore, .endNow]),
            ([.sigint, .sighup], [.end, .ignore]),
        ] as [([UnixSignal], [EndRequests.Step])])
    func steps(signals: [UnixSignal], steps: [EndRequests.Step]) {
        var requests = EndRequests()
        #expect(signals.map { requests.take($0) } == steps)
    }
}
