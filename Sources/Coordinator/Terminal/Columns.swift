/// Text in aligned columns.
struct Columns {
    let rows: [[String]]
    var rightAligned: Set<Int> = []

    var text: String {
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
    func padded(to width: Int, left: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return left ? padding + self : self + padding
    }
}
