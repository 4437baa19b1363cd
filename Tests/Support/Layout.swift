public import XFS

/// The layout of a file, without the places on the device: what must be the same before and after.
public struct Layout: Hashable, Sendable {
    /// A part of the file that is all of one kind; between parts are holes.
    public struct Part: Hashable, Sendable {
        /// Where it is, in bytes.
        public var range: Range<Int64>
        /// What it holds.
        public var state: Extent.State
    }

    /// The parts in order.
    public var parts: [Part] = []
    /// Apparent size.
    public var size: Int64

    /// The layout of the file at `path`.
    public init(of path: String) throws {
        let file = try Location(path: path).open(.readOnly)
        size = try file.status().size
        var parts: [Part] = []
        var map = MapCursor()
        while let record = try map.next(of: file) {
            if let last = parts.last, last.range.upperBound == record.offset, last.state == record.state {
                parts[parts.count - 1].range = last.range.lowerBound..<record.end
            } else {
                parts.append(Part(range: record.offset..<record.end, state: record.state))
            }
        }
        self.parts = parts
    }

    /// Bytes in parts of `state`.
    public func bytes(_ state: Extent.State) -> Int64 {
        parts.reduce(0) { $0 + ($1.state == state ? Int64($1.range.count) : 0) }
    }
}

/// The SHA-256 of the file at `path`.
public func checksum(_ path: String) throws -> String {
    String(try Tool.run("sha256sum", path).prefix(64))
}

/// Number of extents of the file at `path`, as the device sees them.
public func extents(of path: String) throws -> Int {
    let file = try Location(path: path).open(.readOnly)
    var map = MapCursor()
    var counter = ExtentCounter()
    while let record = try map.next(of: file) { counter.add(record) }
    return counter.count
}
