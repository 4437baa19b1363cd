import DefragTypes
import Testing

@testable import Worker

@Suite("The command line") struct CommandLineTests {
    private let command = Command(
        name: "try", summary: "", operands: "FILE...",
        options: [
            Command.Option("--size", "SIZE", ""), Command.Option("--sharing", "WAY", ""),
            Command.Option("--dry-run", nil, ""),
        ])

    @Test(
        "options, values and operands in any order",
        arguments: [
            ("a b", [:], ["a", "b"]), ("--size 1 a", ["--size": "1"], ["a"]),
            ("--size=1 a", ["--size": "1"], ["a"]), ("a --size 1", ["--size": "1"], ["a"]),
            ("--dry-run a", ["--dry-run": ""], ["a"]), ("--size=", ["--size": ""], []),
            ("--size=a=b", ["--size": "a=b"], []), ("--size 1 --size 2", ["--size": "2"], []),
            ("-- --size 1", [:], ["--size", "1"]), ("a -- -b -- c", [:], ["a", "-b", "--", "c"]),
            ("- a", [:], ["-", "a"]), ("--size -1", ["--size": "-1"], []), ("", [:], []),
        ] as [(String, [String: String], [String])])
    func understands(line: String, options: [String: String], operands: [String]) throws {
        let arguments = try Arguments(line.split(separator: " ").map(String.init), for: command)
        #expect(arguments.options == options)
        #expect(arguments.operands == operands)
        #expect(!arguments.wantsHelp)
    }

    @Test(
        "what makes no sense is refused, with what may have been meant",
        arguments: [
            ("--sise 1", "unknown option --sise: did you mean --size?"),
            ("--dryrun", "unknown option --dryrun: did you mean --dry-run?"),
            ("--sh=x", "unknown option --sh: did you mean --sharing?"),
            ("--s 1", "unknown option --s"), ("-x", "unknown option -x"),
            ("--colour", "unknown option --colour"), ("--size", "--size needs a value: --size SIZE"),
            ("--size --dry-run", "--size needs a value: --size SIZE"),
            ("--dry-run=yes", "--dry-run takes no value"),
        ])
    func refuses(line: String, message: String) throws {
        let error = try #require(throws: UsageError.self) {
            try Arguments(line.split(separator: " ").map(String.init), for: command)
        }
        #expect(error.description == message)
    }

    @Test(arguments: ["-h", "--help", "a --help", "--size 1 -h"])
    func helpIsAskedForAnywhere(line: String) throws {
        #expect(try Arguments(line.split(separator: " ").map(String.init), for: command).wantsHelp)
        #expect(try !Arguments(["--", "-h"], for: command).wantsHelp)
    }

    @Test("help fits into 100 columns and names every option", arguments: ReflowWorker.commands.map(\.name))
    func help(name: String) throws {
        let command = try #require(ReflowWorker.commands.first { $0.name == name })
        for line in command.help.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        for option in command.options { #expect(command.help.contains("  \(option.name)")) }
    }

    @Test(
        "commands",
        arguments: [
            ("", "say what to do", nil), ("defarg a", "unknown command defarg: did you mean defrag?", nil),
            ("--verison", "unknown option --verison: did you mean --version?", nil),
            ("help frobnicate", "unknown command frobnicate", nil),
            ("defrag", "name the files to defragment", "defrag"),
            ("defrag --max-pause 11s a", "--max-pause 11s: maxPause must be from 1ms to 10s", "defrag"),
            (
                "defrag --max-chunk big a", "'big' is not a valid SIZE for --max-chunk: 512KiB, 16MiB",
                "defrag"
            ),
            (
                "defrag --max-chunk 1KiB a",
                "--max-chunk 1KiB: maxChunk must be a multiple of 4KiB from 64KiB to 1GiB", "defrag"
            ),
            (
                "defrag --from 1x a", "'1x' is not a valid OFFSET for --from: bytes, such as 4096 or 512MiB",
                "defrag"
            ),
            ("defrag --from 1MiB a b", "--from goes with one file only", "defrag"),
            ("defrag --time-limit 0 a", "'0' is not a valid DUR for --time-limit: 90s, 20m, 2h", "defrag"),
            (
                "defrag --output yaml a", "'yaml' is not a valid output: --output text or --output json",
                "defrag"
            ),
            ("survey", "name files or folders to look at", "survey"),
            ("survey --min-extents -1 a", "'-1' is not a valid N for --min-extents", "survey"),
            ("survey --top 0 a", "'0' is not a valid N for --top", "survey"),
            ("survey --map --top 3 a", "--map does not go with --top", "survey"),
            ("survey --min-size x a", "'x' is not a valid SIZE for --min-size: 4096, 512KiB, 1GiB", "survey"),
            ("serve x", "'x' is one argument too many", "serve"),
        ] as [(String, String, String?)])
    func wrongUsage(line: String, message: String, command: String?) throws {
        let error = try #require(throws: UsageError.self) {
            _ = try Invocation(line.split(separator: " ").map(String.init))
        }
        #expect(error == (UsageError(message, command: command)))
    }

    @Test func defragOptions() throws {
        let line = "--max-pause=5ms a.img --dry-run --from 1MiB --time-limit 2h --output json --duty 100%"
        let arguments = try Arguments(
            line.split(separator: " ").map(String.init), for: DefragOptions.command)
        let options = try DefragOptions(arguments)
        #expect(options.files == ["a.img"])
        #expect(options.overrides.maxPause == .milliseconds(5))
        #expect(options.overrides.duty == 1)
        #expect(options.overrides.window == nil)
        #expect(options.from == .mebibytes(1))
        #expect(options.timeLimit == .seconds(7200))
        #expect(options.isDryRun)
        #expect(options.format == .json)
    }
}
