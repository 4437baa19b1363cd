import XFS

/// A part of a file in memory, by offsets in the file.
struct MappedWindow: ~Copyable {
    private let mapping: Mapping
    private let start: Int64
    private let range: Range<Int64>

    init(_ range: Range<Int64>, of file: borrowing XFS.File) throws(SystemError) {
        let page: Int64 = 64 << 10  // a multiple of every page size
        start = range.lowerBound / page * page
        self.range = range
        mapping = try Mapping(start..<range.upperBound, of: file)
    }

    func startReading(_ part: Range<Int64>) {
        try? mapping.startReading(pages(of: part))
    }

    func finishReading(_ part: Range<Int64>) -> Bool {
        let pages = pages(of: part)
        guard (try? mapping.finishReading(pages)) != nil else { return false }
        // What stays in this process's page tables counts as its memory, and could not be dropped.
        try? mapping.letGo(of: pages)
        return true
    }

    /// The parts that are not in the page cache at this moment. None if that cannot be determined.
    func absentParts() -> [Range<Int64>] {
        let isResident = (try? mapping.residency()) ?? []
        return Self.absentParts(isResident, from: start, within: range)
    }

    /// madvise(2) wants the start at a page's boundary.
    private func pages(of part: Range<Int64>) -> Range<Int> {
        let first = Int(part.lowerBound - start) / Mapping.pageSize * Mapping.pageSize
        return first..<Int(part.upperBound - start)
    }

    /// The parts of `range` of which no page is resident, by an entry for each page from `start` on.
    static func absentParts(
        _ isResident: [Bool], from start: Int64, within range: Range<Int64>, pageSize: Int = Mapping.pageSize
    ) -> [Range<Int64>] {
        var parts: [Range<Int64>] = []
        let first = range.lowerBound / Int64(pageSize) * Int64(pageSize)
        for (index, isResident) in isResident.enumerated() where !isResident {
            let page = start + Int64(index * pageSize)
            // What is before the range is mapped for the mapping's own boundary, and not read.
            guard page >= first, page < range.upperBound else { continue }
            if let last = parts.last, last.upperBound == page {
                parts[parts.count - 1] = last.lowerBound..<page + Int64(pageSize)
            } else {
                parts.append(page..<page + Int64(pageSize))
            }
        }
        return parts
    }
}
