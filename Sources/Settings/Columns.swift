/// Text in aligned columns, of which a terminal obeys nothing.
public struct Columns: Sendable {
    private let rows: [[String]]
    private let rightAligned: Set<Int>

    /// Columns of `rows`, those named in `rightAligned` with their spaces to the left.
    public init(rows: [[String]], rightAligned: Set<Int> = []) {
        self.rows = rows
        self.rightAligned = rightAligned
    }

    /// The lines, without spaces at their ends, and without a newline after the last.
    public var text: String {
        let rows = rows.map { $0.map(\.plain) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                row[column].padded(to: widths[column], left: rightAligned.contains(column))
            }
            let line = cells.joined(separator: "  ")
            return String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
        }.joined(separator: "\n")
    }
}

extension String {
    /// This text with spaces up to `width` characters, behind it or to its left.
    public func padded(to width: Int, left: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return left ? padding + self : self + padding
    }
}
