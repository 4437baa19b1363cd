import DefragTypes

/// What `reflow-worker survey` is asked to do.
struct SurveyOptions: Sendable {
    var paths: [String]
    var minExtents: Int
    var minSize: ByteCount
    /// How many files to show, ranked; `nil` for the default of the format.
    var top: Int?
    var showsHistogram: Bool
    /// Whether to end with a summary: text always does.
    var showsSummary: Bool
    var calibrates: Bool
    /// Whether to draw each file instead.
    var drawsMap: Bool
    var format: OutputFormat

    static let command = Command(
        name: "survey", summary: "Show how fragmented files are", operands: "PATH...",
        options: [
            Command.Option("--min-extents", "N", "leave out files of fewer extents (1)"),
            Command.Option("--min-size", "SIZE", "leave out files smaller than this (0)"),
            Command.Option("--top", "N", "show the N files with the most to gain (text: 100, JSON: all)"),
            Command.Option("--histogram", nil, "show the sizes of the extents of all files together"),
            Command.Option("--map", nil, "draw how each file named lies on disk"),
            Command.Option(
                "--summary", nil, "JSON: end with an object about all files together; text always does"),
            Command.Option(
                "--no-calibration", nil,
                "do not measure what reflink copies cost here, with unnamed files of our own: assume it"),
            OutputFormat.option,
        ],
        notes: """
            PATH is a file, or a folder: then all regular files in and beneath it, on the same file system.
            Symbolic links are not followed. REFLINK is how long a reflink copy would block the file's writers,
            GAIN how much of that laying the file well would save. Text lists the largest gain first; JSON comes
            in the order of the search, unless --top asks for a ranking.
            """)

    init(_ arguments: Arguments) throws(UsageError) {
        guard !arguments.operands.isEmpty else { throw UsageError("name files or folders to look at") }
        paths = arguments.operands
        minExtents = try Self.count(arguments, "--min-extents", atLeast: 0) ?? 1
        top = try Self.count(arguments, "--top", atLeast: 1)
        minSize =
            try arguments["--min-size"].map { text throws(UsageError) in
                guard let size = ByteCount(text) else {
                    throw UsageError("'\(text)' is not a valid SIZE for --min-size: 4096, 512KiB, 1GiB")
                }
                return size
            } ?? .zero
        showsHistogram = arguments["--histogram"] != nil
        showsSummary = arguments["--summary"] != nil
        calibrates = arguments["--no-calibration"] == nil
        drawsMap = arguments["--map"] != nil
        format = try OutputFormat(arguments)
        let excluded = ["--top", "--histogram", "--summary"].first { arguments[$0] != nil }
        if drawsMap, let excluded { throw UsageError("--map does not go with \(excluded)") }
    }

    private static func count(_ arguments: Arguments, _ option: String, atLeast least: Int)
        throws(UsageError) -> Int?
    {
        guard let text = arguments[option] else { return nil }
        guard let count = Int(text), count >= least else {
            throw UsageError("'\(text)' is not a valid N for \(option)")
        }
        return count
    }
}
