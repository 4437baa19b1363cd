import Testing

@testable import AMQP

/// Whose turn it is, of several brokers with several addresses each.
@Suite struct BrokerTurnTests {
    private static let addresses = ["b1": ["1", "2"], "b2": ["3"], "b3": ["4", "5"]]

    private func brokers(_ names: String...) -> [Endpoint.Broker] { names.map { .init(host: $0, port: 1) } }

    /// The addresses that a round asks until `answers` does, each with its time limit in seconds.
    private func round(
        _ turn: inout BrokerTurn, answers: Set<String> = [], addresses: [String: [String]] = addresses
    ) -> [String] {
        var asked: [String] = []
        turn.round(longest: .seconds(10)) { broker in
            (addresses[broker.host] ?? []).map { Place(broker: broker, address: $0) }
        } attempt: { place, limit in
            asked.append("\(place.address):\(limit.components.seconds)")
            return answers.contains(place.address)
        }
        return asked
    }

    @Test func everyAddressIsAskedOnceARound() {
        var turn = BrokerTurn(brokers("b1", "b2", "b3"), random: 0)
        #expect(round(&turn) == ["1:3", "2:3", "3:3", "4:3", "5:3"])
        // More patience each round, as all may be slow.
        #expect(round(&turn) == ["1:6", "2:6", "3:6", "4:6", "5:6"])
        #expect(round(&turn) == ["1:10", "2:10", "3:10", "4:10", "5:10"])
    }

    @Test func theNextRoundBeginsAfterTheOneThatWasLost() {
        var turn = BrokerTurn(brokers("b1", "b2", "b3"), random: 0)
        #expect(round(&turn, answers: ["1"]) == ["1:3"])
        #expect(round(&turn, answers: ["1"]) == ["2:3", "3:3", "4:3", "5:3", "1:3"])
        #expect(round(&turn, answers: ["4"]) == ["2:3", "3:3", "4:3"])
        #expect(round(&turn, answers: ["2"]) == ["5:3", "1:3", "2:3"])
    }

    @Test func oneWhoAnsweredEndsTheGrowingPatience() {
        var turn = BrokerTurn(brokers("b1", "b2"), random: 0)
        _ = round(&turn)
        _ = round(&turn)
        #expect(round(&turn, answers: ["1"]) == ["1:10"])
        #expect(round(&turn) == ["2:3", "3:3", "1:3"])
    }

    @Test(arguments: [(0.0, "1:3"), (0.4, "3:3"), (0.99, "4:3"), (1.0, "4:3")])
    func aFleetBeginsAtDifferentNodes(random: Double, first: String) {
        var turn = BrokerTurn(brokers("b1", "b2", "b3"), random: random)
        #expect(round(&turn).first == first)
    }

    @Test func aSingleAddressHasAllTheTime() {
        var turn = BrokerTurn(brokers("b2"), random: 0)
        #expect(round(&turn) == ["3:10"])
        #expect(round(&turn, answers: ["3"]) == ["3:10"])
        #expect(round(&turn) == ["3:10"])
    }

    @Test func aNameWithoutAddressesAndAddressesThatChangeHideNobody() {
        var turn = BrokerTurn(brokers("b0", "b1"), random: 0)
        #expect(round(&turn, answers: ["2"]) == ["1:3", "2:3"])
        #expect(round(&turn, addresses: ["b1": ["8", "9"]]) == ["8:3", "9:3"])
        #expect(round(&turn, addresses: [:]) == [])
    }
}
