import XFS

/// A part of a stretch that is cloned and unshared at once.
struct Chunk: Hashable {
    /// Where it is: block-aligned except for the file's end.
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

/// Cuts the next chunk from a map that was read just before: from the first written extent up to the first gap, the
/// first extent that is not written, or a limit. What the plan knew may have changed since.
///
/// Where a limit cuts, the chunk ends at a multiple of the alignment, and is at least that long: XFS allocates in its
/// copy-on-write fork in units of the file's `cowextsize`, also beyond the ends of what is written. What is left over
/// there would fragment the neighbours when they are written again.
struct ChunkCutter {
    private let limits: ChunkLimits
    private let alignment: Int64
    /// Up to the last boundary within the limits.
    private var accepted: Chunk?
    /// Up to the last record.
    private var candidate: Chunk?
    private var last: Extent?
    private var isComplete = false

    /// A cutter that has seen nothing.
    init(limits: ChunkLimits, alignment: Int64) {
        self.limits = limits
        self.alignment = alignment
    }

    /// Takes the next record of the map. False when the chunk is complete.
    mutating func add(_ record: Extent) -> Bool {
        if let candidate, record.state != .written || record.offset != candidate.range.upperBound {
            accept()
            isComplete = true
        }
        guard record.state == .written, !isComplete else { return !isComplete }
        let isNew = last.map { !$0.continues(in: record) } ?? true
        var chunk =
            candidate ?? Chunk(range: record.offset..<record.offset, extents: 0, shared: 0)
        chunk.extents += isNew ? 1 : 0
        while chunk.range.upperBound < record.end && !isComplete {
            let start = chunk.range.upperBound
            let end = min(record.end, (start / alignment + 1) * alignment)
            chunk.range = chunk.range.lowerBound..<end
            if record.shared > 0 { chunk.shared += end - start }
            candidate = chunk
            if end % alignment == 0 { accept() }
        }
        last = record
        return !isComplete
    }

    /// The chunk; `nil` if nothing is written there any longer.
    mutating func finish() -> Chunk? {
        if !isComplete { accept() }
        return accepted
    }

    private mutating func accept() {
        guard let candidate, candidate != accepted else { return }
        if accepted == nil || (candidate.length <= limits.bytes && candidate.extents <= limits.extents) {
            accepted = candidate
        } else {
            isComplete = true
        }
    }
}
