import Settings

/// `rows` under their titles, and `notes` below them. What hosts say may be long: a cell has at most 120 characters, one of the
/// last column and a note at most 1000. JSON has all of it.
func table(
    _ titles: [String], _ rows: [[String]], rightAligned: Set<Int> = [], notes: [String] = []
) -> String {
    let cells = rows.map { row in
        row.enumerated().map { $1.cut(to: $0 == titles.count - 1 ? 1000 : 120) }
    }
    return
        ([Columns(rows: [titles] + cells, rightAligned: rightAligned).text]
        + notes.map { $0.cut(to: 1000).plain })
        .joined(separator: "\n")
}

extension String {
    /// This text, or its beginning and an ellipsis where it has more than `most` characters.
    func cut(to most: Int) -> String {
        // Counting characters takes as long as the text is.
        utf8.count <= most || count <= most ? self : prefix(most - 1) + "…"
    }
}
