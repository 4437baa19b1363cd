/// Follows a stream for as long as it takes: a coordinator that goes away is waited for, and asked for what was missed.
public struct Following {
    public let client: CoordinatorClient
    /// Which events; ``EventQuery/after`` moves on with what was received.
    public var query: EventQuery
    /// Pause before another attempt to connect.
    var pause: Duration

    public init(client: CoordinatorClient, query: EventQuery, pause: Duration = .seconds(1)) {
        (self.client, self.query, self.pause) = (client, query, pause)
    }

    /// What there is to know.
    public enum News: Sendable {
        /// Something that the stream brings.
        case item(CoordinatorClient.News)
        /// The coordinator is away: why, in words. Told once.
        case away(String)
        /// It is there again.
        case back
    }

    /// Hands news to `receive` until it says that this is enough.
    ///
    /// - Throws: ``ClientError``, if the coordinator is not there at the beginning or says no.
    public mutating func run(_ receive: (News) async throws -> Bool) async throws {
        if query.after == nil { query.after = try await client.newestEvent() }
        var isAway = false
        var wasThere = false
        while true {
            var why = "it ended the connection"
            do {
                var after = query.after
                defer { query.after = after }
                let isEnough = try await client.follow(query) { news in
                    switch news {
                    case .connected:
                        let isBack = isAway
                        isAway = false
                        wasThere = true
                        return isBack ? try await receive(.back) : true
                    case .event(let event):
                        after = event.id
                        return try await receive(.item(news))
                    case .rollout:
                        return try await receive(.item(news))
                    }
                }
                if isEnough { return }
            } catch let error as ClientError where wasThere && error.isPassing {
                why = error.words
            }
            if !isAway {
                isAway = true
                guard try await receive(.away(why)) else { return }
            }
            try await Task.sleep(for: pause)
        }
    }
}

extension CoordinatorClient {
    /// The last event's id: what happens from now on has higher ones.
    public func newestEvent() async throws(ClientError) -> Int64 {
        let listing: Listing<LoggedEvent> = try await get("/v1/events", [("limit", "1")])
        return listing.items.last?.id ?? 0
    }
}
