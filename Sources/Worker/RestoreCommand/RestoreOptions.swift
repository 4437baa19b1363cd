/// What `reflow-worker restore` is asked to do.
struct RestoreOptions: Sendable {
    var paths: [String]
    var includesUnrecorded: Bool
    var isDryRun: Bool
    var format: OutputFormat

    static let command = Command(
        name: "restore", summary: "Give files back the hints that a crashed run has left changed",
        operands: "PATH...",
        options: [
            Command.Option(
                "--unrecorded", nil,
                "also files with a hint of one block and no record: copies made during a run take it over"
            ),
            Command.Option("--dry-run", nil, "change nothing, and say what would be done"),
            OutputFormat.option,
        ],
        notes: """
            PATH is a file, or a folder: then all regular files in and beneath it, on the same file system.

            A run sets a file's cowextsize hint to one block, and gives the owner's back however it ends, but
            for a crash. The owner's is on record in the file (user.reflow.cowextsize). The next run on the
            file gives it back, too; this command is for files that will have none. A file that is being
            defragmented is left alone.
            """)

    init(_ arguments: Arguments) throws(UsageError) {
        guard !arguments.operands.isEmpty else { throw UsageError("name files or folders to look at") }
        paths = arguments.operands
        includesUnrecorded = arguments["--unrecorded"] != nil
        isDryRun = arguments["--dry-run"] != nil
        format = try OutputFormat(arguments)
    }
}
