/// Whose turn it is: every address of every broker, each once a round, beginning after the one that was used last.
///
/// Of a fleet, each begins somewhere else. One that does not answer costs its time limit, and hides nobody.
struct BrokerTurn {
    private let brokers: [Endpoint.Broker]
    /// Where the next round begins.
    private var first: Int
    private var last: Place?
    /// How many rounds in a row nobody was reached.
    private var failures = 0

    /// Begins at a place that `random`, from 0 to 1, names.
    init(_ brokers: [Endpoint.Broker], random: Double) {
        self.brokers = brokers
        first = min(brokers.count - 1, Int(random * Double(brokers.count)))
    }

    /// How long connecting to one of several addresses may take: shortly, so that one that swallows packets is passed over soon,
    /// and longer in each round, as all may be slow when a whole fleet comes back at once.
    private static let patience = Duration.seconds(3)

    /// One round.
    ///
    /// - Parameters:
    ///   - longest: most time for one address.
    ///   - resolve: the addresses of a broker; none if they are not to be had.
    ///   - attempt: tries one, for no longer than it is told; returns whether the round is over, as somebody has answered.
    mutating func round(
        longest: Duration, resolve: (Endpoint.Broker) -> [Place], attempt: (Place, Duration) -> Bool
    ) {
        let start = first
        var postponed: [Place] = []
        var limit = min(longest, Self.patience * (1 << min(failures, 8)))
        for offset in 0...brokers.count {
            let index = (start + offset) % brokers.count
            var places = offset < brokers.count ? resolve(brokers[index]) : postponed
            if offset == 0 {
                if brokers.count == 1, places.count == 1 { limit = longest }
                if let last, let used = places.firstIndex(of: last) {
                    postponed = Array(places[...used])
                    places.removeFirst(used + 1)
                }
            }
            for place in places {
                (first, last) = (index, place)
                if attempt(place, limit) {
                    failures = 0
                    return
                }
            }
        }
        failures += 1
    }
}
