/// Where in a document a value is. Its path is made when somebody asks for it, which is at an error, and not for each value.
final class Place {
    private let key: any CodingKey
    private let outer: Place?

    /// The value of `key` in the object or array at `outer`; `nil` for the document itself.
    init(_ key: any CodingKey, in outer: Place?) {
        self.key = key
        self.outer = outer
    }

    var path: [any CodingKey] { outer.path + [key] }
}

extension Place? {
    /// The keys that lead there from the document.
    var path: [any CodingKey] { self?.path ?? [] }
}
