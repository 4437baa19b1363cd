import DefragTypes
import Glibc
import Settings
import XFS

/// The program `reflow-worker`.
@main
struct ReflowWorker {
    static func main() async {
        // A reader that goes away (`| head`) is an error of write(2), handled where it is written.
        signal(SIGPIPE, SIG_IGN)
        FileAttributes.leaveImmutabilityAlone()
        exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    static let commands = [
        DefragOptions.command, SurveyOptions.command, RestoreOptions.command, serveCommand,
    ]

    static let serveCommand = Command(
        name: "serve", summary: "Carry out the tasks of a fleet's coordinator", operands: "",
        options: [
            Command.Option("--config", "FILE", "configuration in JSON; the environment overrides it")
        ],
        notes: """
            The file's settings and the environment variables that override them:
              amqpURL        REFLOW_AMQP_URL        the broker (amqp://guest:guest@127.0.0.1:5672/)
              amqpPasswordFile  REFLOW_AMQP_PASSWORD_FILE
                                                    file with the password, which is not in the URL then
              tlsCAFile      REFLOW_TLS_CA_FILE     authorities that may vouch for an amqps broker
              tlsCertFile    REFLOW_TLS_CERT_FILE   this host's certificate: the login, if the URL has no user
              tlsKeyFile     REFLOW_TLS_KEY_FILE    its key, without a passphrase
              trustedUsers   REFLOW_TRUSTED_USERS   broker accounts whose tasks are carried out
                                                    (reflow.coordinator:reflow.job)
              sharedUser     REFLOW_SHARED_USER     one that all share, which is trusted, too; for trials
              host           REFLOW_HOST            this host's name in the fleet (from the machine's name)
              roots          REFLOW_ROOTS           folders in which tasks may name files; no default;
                                                    colon-separated in the variable, a list in the file
              labels         REFLOW_LABELS          what rollouts select and cap hosts by: rack=r1,cluster=c2
              logLevel       REFLOW_LOG_LEVEL       trace, debug, info, notice, warning, error, critical (info)
              stateInterval  REFLOW_STATE_INTERVAL  pause between two signs of life (10s; seconds in the file)
              stateDirectory REFLOW_STATE_DIRECTORY where it keeps what outlasts it, such as a hold
                                                    (STATE_DIRECTORY, which systemd sets; else nowhere)

            Waits for the broker as long as it takes, and reconnects. SIGTERM and Ctrl-C finish the current
            chunk, answer with the cursor, and end within seconds. Its queues are made by 'reflow provision'.
            """)

    /// Does what `arguments` say.
    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            switch try Invocation(arguments) {
            case .help(let text):
                standardOutput(text)
                return .success
            case .defrag(let options): return await defrag(options)
            case .survey(let options): return await survey(options)
            case .restore(let options): return await restore(options)
            case .serve(let file):
                return await serve(configurationFile: file, environment: processEnvironment())
            }
        } catch {
            let help = error.command.map { "help \($0)" } ?? "--help"
            standardError("reflow-worker: \("\(error)".plainLines)\nTry 'reflow-worker \(help)'.\n")
            return .usage
        }
    }
}

/// What a command line asks for.
enum Invocation {
    case help(String)
    case defrag(DefragOptions)
    case survey(SurveyOptions)
    case restore(RestoreOptions)
    case serve(configurationFile: String?)

    /// Understands the arguments after the program's name.
    init(_ arguments: [String]) throws(UsageError) {
        guard let first = arguments.first else { throw UsageError("say what to do") }
        switch first {
        case "-h", "--help": self = .help(Self.overview)
        case "--version": self = .help("reflow-worker \(reflowVersion)\n")
        case "help":
            guard arguments.count > 1 else {
                self = .help(Self.overview)
                return
            }
            self = .help(try Self.command(arguments[1]).help)
        default:
            let command = try Self.command(first)
            do throws(UsageError) {
                let parsed = try Arguments(arguments.dropFirst(), for: command)
                self = parsed.wantsHelp ? .help(command.help) : try Self.invocation(of: command, parsed)
            } catch {
                throw error.of(command)
            }
        }
    }

    private static func invocation(of command: Command, _ arguments: Arguments) throws(UsageError)
        -> Invocation
    {
        switch command.name {
        case DefragOptions.command.name: return .defrag(try DefragOptions(arguments))
        case SurveyOptions.command.name: return .survey(try SurveyOptions(arguments))
        case RestoreOptions.command.name: return .restore(try RestoreOptions(arguments))
        default:
            guard arguments.operands.isEmpty else {
                throw UsageError("'\(arguments.operands[0])' is one argument too many")
            }
            return .serve(configurationFile: arguments["--config"])
        }
    }

    private static func command(_ name: String) throws(UsageError) -> Command {
        let known = ReflowWorker.commands
        guard let command = known.first(where: { $0.name == name }) else {
            let kind = name.hasPrefix("-") ? "option" : "command"
            throw UsageError.unknown(kind, name, of: known.map(\.name) + ["--help", "--version"])
        }
        return command
    }

    private static let overview: String = {
        let width = ReflowWorker.commands.map(\.name.count).max() ?? 0
        let list = ReflowWorker.commands.map { "  \($0.name.padded(to: width))  \($0.summary)\n" }.joined()
        return """
            Usage: reflow-worker COMMAND [options] ...

            Defragments files on XFS in place while they are in use, and without locking them for long.

            Commands:
            \(list)
            'reflow-worker help COMMAND' tells more; 'reflow-worker --version' the version.

            Exit status: 0 all done, 1 something failed, 2 stopped early and can be resumed, 64 wrong usage,
            69 broker not reachable, 77 not permitted, 78 wrong configuration.

            """
    }()
}
