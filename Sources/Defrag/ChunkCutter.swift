import XFS

/// A part of a run that is cloned and unshared at once.
struct Chunk: Hashable {
    /// Where it is: block-aligned but for the file's end.
    var range: Range<Int64>
    /// Extents in it.
    var extents: Int
    /// Bytes in it that other files share.
    var shared: Int64

    /// Its bytes.
    var length: Int64 { range.upperBound - range.lowerBound }
}

/// How large a chunk may be: it ends where the first of the two is reached.
public struct ChunkLimits: Hashable, Sendable {
    /// Bytes.
    public var bytes: Int64
    /// Extents.
    public var extents: Int
}

/// Cuts the next chunk from a map read afresh just before: from the first written extent up to the first gap, the
/// first extent that is not written, or a limit. What the plan knew may have changed since.
struct ChunkCutter {
    private let limits: ChunkLimits
    private var chunk: Chunk?
    private var last: Extent?

    /// A cutter that has seen nothing.
    init(limits: ChunkLimits) {
        self.limits = limits
    }

    /// Takes the next record of the map. False when the chunk is complete.
    mutating func add(_ record: Extent) -> Bool {
        guard record.state == .written else { return chunk == nil }
        guard var chunk, let last else {
            begin(with: record)
            return length < limits.bytes
        }
        guard record.offset == chunk.range.upperBound else { return false }
        let isNew = !last.continues(in: record)
        if isNew && chunk.extents >= limits.extents { return false }
        let taken = min(record.length, limits.bytes - chunk.length)
        chunk.range = chunk.range.lowerBound..<chunk.range.upperBound + taken
        chunk.extents += isNew ? 1 : 0
        chunk.shared += min(record.shared, taken)
        self.chunk = chunk
        self.last = record
        return length < limits.bytes
    }

    /// The chunk; `nil` if nothing is written there any more.
    func finish() -> Chunk? { chunk }

    private var length: Int64 { chunk?.length ?? 0 }

    private mutating func begin(with record: Extent) {
        let taken = min(record.length, limits.bytes)
        chunk = Chunk(
            range: record.offset..<record.offset + taken, extents: 1, shared: min(record.shared, taken))
        last = record
    }
}
