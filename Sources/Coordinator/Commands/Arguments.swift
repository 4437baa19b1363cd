public import ArgumentParser
public import Contract
public import DefragTypes

extension HostName: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument)
    }
}

extension ByteCount: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument)
    }
}

/// How a command prints.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    /// For people.
    case text
    /// For programs: on stdout, nothing else.
    case json
}

extension ExitStatus {
    /// Ends the command with this status, without a message of argument parser's own.
    var exitCode: ExitCode { ExitCode(rawValue) }
}

/// A duration on the command line, such as `30s`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        guard let duration = Duration(text: argument) else { return nil }
        self.duration = duration
    }

    var defaultValueDescription: String { duration.text }
}
