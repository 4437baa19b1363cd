import DefragTypes

/// What `reflow-worker defrag` is asked to do.
struct DefragOptions: Sendable {
    var files: [String]
    var overrides = PolicyOverrides()
    var timeLimit: Duration?
    var from: ByteCount
    var isDryRun: Bool
    var format: OutputFormat
    /// The options as they were given, without `--from`: what a command line that goes on repeats.
    var repeated: [String]

    static let command = Command(
        name: "defrag", summary: "Defragment files in place while they are in use", operands: "FILE...",
        options: PolicySetting.all.map { Command.Option($0.option, $0.placeholder, $0.help) } + [
            Command.Option("--time-limit", "DUR", "stop after this long, all files together (no limit)"),
            Command.Option(
                "--from", "OFFSET", "start here in the one file named: where the run before stopped"),
            Command.Option("--dry-run", nil, "change nothing, and say what would be done"),
            OutputFormat.option,
        ],
        notes: """
            SIZE is 4096, 512KiB, 16MiB, 1GiB; DUR is 20ms, 60s, 2h.

            Ctrl-C stops after the current chunk and tells how to go on. Whatever happens, the contents stay
            as they are. A file that cannot be treated is reported and the others are still done; of several
            exit statuses 1 (something failed) comes before 77 (not permitted), 2 (stopped early) and 0.
            """)

    init(_ arguments: Arguments) throws(UsageError) {
        guard !arguments.operands.isEmpty else { throw UsageError("name the files to defragment") }
        files = arguments.operands
        for setting in PolicySetting.all {
            guard let text = arguments[setting.option] else { continue }
            do throws(PolicyTextError) {
                try setting.set(text, in: &overrides)
            } catch {
                throw UsageError(error.message)
            }
        }
        guard overrides.contradiction == nil else {
            throw UsageError(
                "--unshare-budget goes with --sharing preserve: unshare breaks all sharing, whatever it costs"
            )
        }
        timeLimit = try arguments["--time-limit"].map { text throws(UsageError) in
            guard let limit = Duration(text: text), limit > .zero else {
                throw UsageError("'\(text)' is not a valid DUR for --time-limit: 90s, 20m, 2h")
            }
            return limit
        }
        let from = try arguments["--from"].map { text throws(UsageError) in
            guard let offset = ByteCount(text) else {
                throw UsageError("'\(text)' is not a valid OFFSET for --from: bytes, such as 4096 or 512MiB")
            }
            return offset
        }
        guard from == nil || files.count == 1 else { throw UsageError("--from goes with one file only") }
        self.from = from ?? .zero
        isDryRun = arguments["--dry-run"] != nil
        format = try OutputFormat(arguments)
        repeated = Self.command.options.filter { $0.name != "--from" }.flatMap { option -> [String] in
            guard let value = arguments[option.name] else { return [] }
            return option.placeholder == nil ? [option.name] : [option.name, value]
        }
    }
}
