import Foundation

/// That a host lives but cannot consume its queue.
struct Deafness: Hashable, Sendable {
    /// What the host says about it.
    var why: String
    /// When it first said so.
    var since: Date
}

extension Deafness {
    /// The predicate of a sentence about the host.
    var words: String { "lives but cannot consume its queue: \(why)" }
}
