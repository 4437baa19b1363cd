import DefragTypes

/// What `reflow-worker survey` is asked to do.
struct SurveyOptions: Sendable {
    var paths: [String]
    var minExtents: Int
    var minSize: ByteCount
    var showsHistogram: Bool
    var format: OutputFormat

    static let command = Command(
        name: "survey", summary: "Show how fragmented files are", operands: "PATH...",
        options: [
            Command.Option("--min-extents", "N", "leave out files of fewer extents (1)"),
            Command.Option("--min-size", "SIZE", "leave out files smaller than this (0)"),
            Command.Option("--histogram", nil, "show the sizes of the extents of all files together"),
            OutputFormat.option,
        ],
        notes: """
            PATH is a file, or a folder: then all regular files in and beneath it, on the same file system.
            Symbolic links are not followed. Text lists the most fragmented files first; JSON comes in the
            order of the search.
            """)

    init(_ arguments: Arguments) throws(UsageError) {
        guard !arguments.operands.isEmpty else { throw UsageError("name files or folders to look at") }
        paths = arguments.operands
        minExtents =
            try arguments["--min-extents"].map { text throws(UsageError) in
                guard let count = Int(text), count >= 0 else {
                    throw UsageError("'\(text)' is not a valid N for --min-extents")
                }
                return count
            } ?? 1
        minSize =
            try arguments["--min-size"].map { text throws(UsageError) in
                guard let size = ByteCount(text) else {
                    throw UsageError("'\(text)' is not a valid SIZE for --min-size: 4096, 512KiB, 1GiB")
                }
                return size
            } ?? .zero
        showsHistogram = arguments["--histogram"] != nil
        format = try OutputFormat(arguments)
    }
}
