/// Things that were asked for, or a page of them.
struct Listing<Item: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    /// The things.
    var items: [Item]
    /// What to ask with for the next page; `nil` at the end.
    var next: Int64?

    /// A page of at most `limit` things, if `found` has one more than that where there is another page.
    init(_ found: [Item], most limit: Int, id: (Item) -> Int64) {
        items = Array(found.prefix(limit))
        next = found.count > limit ? items.last.map(id) : nil
    }

    /// A page.
    init(_ items: [Item], next: Int64? = nil) {
        self.items = items
        self.next = next
    }
}

/// Something has begun that takes a while.
struct Started: Codable, Hashable, Sendable {
    /// What to ask for.
    var id: String
}
