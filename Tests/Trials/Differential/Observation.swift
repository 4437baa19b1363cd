import Support
import XFS

/// What a user notices of a file beside its contents.
struct Observation {
    let path: String
    let layout: Layout
    /// Parts that lie apart on the device.
    let extents: Int
    /// The same, where what is written and what is preallocated next to it are two.
    let extentsOfOneState: Int
    private let map: [Extent]
    private let attributes: FileAttributes
    private let extendedAttributes: [String]

    /// Looks at the file at `path`, of which nothing is only in memory.
    init(of path: String) throws {
        self.path = path
        // First, as it opens the file to write: closing it may release what is preallocated behind the file's end.
        extendedAttributes = TestFile(path).attributeNames()
        let file = try Location(path: path).open(.readOnly)
        layout = try Layout(of: path)
        attributes = try file.attributes()
        var map: [Extent] = []
        var cursor = MapCursor()
        while let record = try cursor.next(of: file) { map.append(record) }
        self.map = map
        extents = Self.count(map, .neighbours)
        extentsOfOneState = Self.count(map, .sameState)
    }

    private static func count(_ map: [Extent], _ rule: ExtentMerger.Rule) -> Int {
        var counter = ExtentCounter(rule: rule)
        for record in map { counter.add(record) }
        return counter.count
    }

    /// Where its first parts lie, for people.
    var picture: String {
        map.prefix(24).map { record in
            let shared = record.shared > 0 ? " shared" : ""
            return
                "\(record.offset >> 10)+\(record.length >> 10) at \(record.physical >> 10) \(record.state)\(shared)"
        }.joined(separator: ", ") + (map.count > 24 ? ", …" : "") + " (KiB)"
    }

    /// Whether what is allocated behind the file's end is its users': XFS releases only its own.
    var isPreallocated: Bool { attributes.flags.contains(.preallocated) }

    /// `FS_XFLAG_HASATTR`
    private static let attributeFork = FileAttributes.Flags(rawValue: 0x8000_0000)

    /// Whether `later` has the hints, flags and extended attributes of this one. Unsharing sets the flag that
    /// preallocation sets, too, and removing the last attribute removes the fork that could hold some.
    func promiseNoTraces(in later: Observation) throws {
        func marks(_ observation: Observation) -> String {
            let attributes = observation.attributes
            let flags = attributes.flags.subtracting([.preallocated, Self.attributeFork])
            return
                "flags \(flags.rawValue), hints "
                + "\(attributes.extentSizeHint) and \(attributes.cowExtentSizeHint), attributes "
                + "\(observation.extendedAttributes)"
        }
        try Inspection.promise(
            marks(later) == marks(self), "\(path) has \(marks(later)), had \(marks(self))")
    }

    /// How many of the reflink copies at `paths` have another hint for copy-on-write than this file. A copy of a file as
    /// a whole inherits it, also one that a run has set for its own time (xfs_reflink_update_dest,
    /// fs/xfs/xfs_reflink.c); the run cannot know of the copy.
    func otherHints(inCopies paths: [String]) throws -> Int {
        try paths.count { path in
            let hint = try Location(path: path).open(.readOnly).attributes().cowExtentSizeHint
            // A copy of an empty file inherits nothing.
            return hint != 0 && hint != attributes.cowExtentSizeHint
        }
    }

    /// Whether all that is a hole, data or preallocation in this one is so in `later`; where the file system may have
    /// preallocated for itself, only up to the end of the file.
    func promiseSameLayout(in later: Observation, beyondEnd: Bool, blockSize: Int64) throws {
        if WholeFolios.areWritten, layout.size == later.layout.size {
            let fault = TouchLog(blockSize: blockSize).fault(before: layout, after: later.layout)
            return try Inspection.promise(fault == nil, "\(path): \(fault ?? "")")
        }
        let (old, new) = (parts(beyondEnd: beyondEnd), later.parts(beyondEnd: beyondEnd))
        guard old != new || layout.size != later.layout.size else { return }
        let index = zip(old, new).enumerated().first { $1.0 != $1.1 }?.offset ?? min(old.count, new.count)
        func part(_ parts: [Layout.Part]) -> String {
            let changed = parts.dropFirst(index).prefix(3).map { "\($0.state) \($0.range)" }
            return changed.isEmpty ? "nothing" : changed.joined(separator: ", ")
        }
        throw Violation(
            "\(path): the layout has changed: \(part(new)) where there was \(part(old)), "
                + "sizes \(layout.size) and \(later.layout.size)")
    }

    private func parts(beyondEnd: Bool) -> [Layout.Part] {
        guard !beyondEnd else { return layout.parts }
        return layout.parts.compactMap { part in
            var part = part
            part.range = part.range.clamped(to: 0..<layout.size)
            return part.range.isEmpty ? nil : part
        }
    }
}
