/// A part of a file that is contiguous in the file and on the device. All figures are bytes.
public struct Extent: Hashable, Sendable {
    /// Where it starts in the file.
    public var offset: Int64
    /// Where it starts on the device; meaningless while it is ``State/delayed``.
    public var physical: Int64
    /// Its length.
    public var length: Int64
    /// What it holds.
    public var state: State
    /// How much of it other files share.
    public var shared: Int64

    /// What an extent holds.
    public enum State: Hashable, Sendable {
        /// Data.
        case written
        /// Preallocation: reads as zeros, and is never shared.
        case unwritten
        /// Data without a place on the device yet.
        case delayed
    }

    /// An extent.
    public init(offset: Int64, physical: Int64, length: Int64, state: State = .written, shared: Int64 = 0) {
        self.offset = offset
        self.physical = physical
        self.length = length
        self.state = state
        self.shared = shared
    }

    /// Where it ends in the file.
    public var end: Int64 { offset + length }

    /// Whether `next` continues where this one ends, in the file and on the device.
    public func continues(in next: Extent) -> Bool {
        end == next.offset && physical + length == next.physical && state != .delayed
            && next.state != .delayed
    }
}

/// Joins the records of a map that are one extent on the device: the file system keeps several for one where
/// their sharing or their state changes, or where a record is full.
public struct ExtentMerger: Sendable {
    /// Which records may be joined, in addition to being neighbours on the device.
    public enum Rule: Sendable {
        /// All of them: an extent as the device sees it.
        case neighbours
        /// Those of the same state.
        case sameState
        /// Those of the same state that are both shared or both private.
        case sameStateAndSharing
    }

    private let rule: Rule
    private var pending: Extent?

    /// Whether no extent is unfinished.
    public var isEmpty: Bool { pending == nil }

    /// An empty merger.
    public init(rule: Rule) {
        self.rule = rule
    }

    /// Takes the next record; returns the extent that is complete with it, if any.
    public mutating func add(_ record: Extent) -> Extent? {
        guard var extent = pending else {
            pending = record
            return nil
        }
        guard extent.continues(in: record), joins(extent, record) else {
            pending = record
            return extent
        }
        extent.length += record.length
        extent.shared += record.shared
        pending = extent
        return nil
    }

    /// The last extent.
    public mutating func finish() -> Extent? {
        defer { pending = nil }
        return pending
    }

    private func joins(_ extent: Extent, _ record: Extent) -> Bool {
        switch rule {
        case .neighbours: true
        case .sameState: extent.state == record.state
        case .sameStateAndSharing:
            extent.state == record.state && (extent.shared > 0) == (record.shared > 0)
        }
    }
}

/// Counts the extents of a map as the device sees them, record by record.
public struct ExtentCounter: Sendable {
    private var merger: ExtentMerger
    private var complete = 0

    /// Of no records yet, joined by `rule`.
    public init(rule: ExtentMerger.Rule = .neighbours) {
        merger = ExtentMerger(rule: rule)
    }

    /// Takes the next record.
    public mutating func add(_ record: Extent) {
        if merger.add(record) != nil { complete += 1 }
    }

    /// The extents so far, with the one that the last record is in.
    public var count: Int { complete + (merger.isEmpty ? 0 : 1) }
}

/// Counts, record by record, how often a map changes from written to unwritten or back without a hole between.
public struct StateChangeCounter: Sendable {
    private var last: Extent?
    /// The changes so far.
    public private(set) var count = 0

    /// Of no records yet.
    public init() {}

    /// Takes the next record.
    public mutating func add(_ record: Extent) {
        if let last, last.end == record.offset, last.state != record.state, last.state != .delayed,
            record.state != .delayed
        {
            count += 1
        }
        last = record
    }
}
