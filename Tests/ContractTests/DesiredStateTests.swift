import DefragTypes
import JSON
import Testing

@testable import Contract

@Suite("What a host is told, and what it knows")
struct DesiredStateTests {
    private func hold(_ generation: Int64, _ isHeld: Bool) -> Hold {
        Hold(generation: generation, isHeld: isHeld, since: .now, by: "ada", why: "disk")
    }

    private func take(_ known: inout DesiredState, _ other: DesiredState) -> Bool { known.take(other) }

    @Test("mode and policy by their generation, the hold by its own")
    func generations() {
        var known = DesiredState(generation: 5, mode: .run)
        #expect(!take(&known, DesiredState(generation: 5, mode: .pause)))
        #expect(take(&known, DesiredState(generation: 4, mode: .pause, hold: hold(9, true))))
        #expect(known.mode == .run)
        #expect(!known.mayWork)
        #expect(take(&known, DesiredState(generation: 6, mode: .run)), "none changes nothing of the hold")
        #expect(!known.mayWork)
        #expect(!take(&known, DesiredState(generation: 6, mode: .run, hold: hold(8, false))))
        #expect(take(&known, DesiredState(generation: 0, mode: .run, hold: hold(10, false))))
        #expect(known.mayWork)
        #expect(take(&known, DesiredState(generation: 7, mode: .pause)))
        #expect(!known.mayWork)
    }

    @Test("is read as older programs write it, and with a hold")
    func decoding() throws {
        let old: DesiredState = try JSONDecoder().decode(from: #"{"generation":3,"mode":"pause"}"#)
        #expect(old == DesiredState(generation: 3, mode: .pause))
        let held = DesiredState(generation: 3, mode: .run, hold: hold(4, true))
        #expect(try JSONDecoder().decode(DesiredState.self, from: JSONEncoder().encode(held)) == held)
    }
}
