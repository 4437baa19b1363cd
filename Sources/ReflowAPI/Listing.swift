/// Things that were asked for, or a page of them.
public struct Listing<Item: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    /// The things.
    public var items: [Item]
    /// What to ask with for the next page; `nil` at the end.
    public var next: Int64?

    /// A page of at most `limit` things, if `found` has one more than that where there is another page.
    public init(_ found: [Item], most limit: Int, id: (Item) -> Int64) {
        items = Array(found.prefix(limit))
        next = found.count > limit ? items.last.map(id) : nil
    }

    /// A page.
    public init(_ items: [Item], next: Int64? = nil) {
        self.items = items
        self.next = next
    }
}

/// Something has begun that takes a while.
public struct Started: Codable, Hashable, Sendable {
    /// What to ask for.
    public var id: String

    public init(id: String) {
        self.id = id
    }
}
