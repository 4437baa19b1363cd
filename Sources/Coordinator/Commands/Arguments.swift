import ArgumentParser
import Contract
import DefragTypes
import ReflowAPI

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

extension HostName {
    /// Reads a host's name from the command line.
    static func argument(_ text: String) throws -> HostName {
        guard let name = HostName(text) else {
            throw ValidationError("the name of a host is 1 to 63 of a-z, 0-9 and -")
        }
        return name
    }
}

extension ByteCount {
    /// Reads a size from the command line.
    static func argument(_ text: String) throws -> ByteCount {
        guard let size = ByteCount(text) else {
            throw ValidationError("a size is 4096, 512KiB, 16MiB or 1.5GiB")
        }
        return size
    }
}

/// A duration on the command line, such as `30s`.
struct DurationArgument: CustomStringConvertible {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    /// Reads one.
    static func argument(_ text: String) throws -> DurationArgument {
        guard let duration = Duration(text: text) else {
            throw ValidationError("a duration has a unit: 20ms, 90s, 10m, 2h")
        }
        return DurationArgument(duration)
    }

    var description: String { duration.text }
}

/// A rollout as operators call it; what it means the coordinator knows.
struct RolloutArgument: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        text = argument
    }

    /// Where it is in the API.
    var place: String { "/v1/rollouts/\(percentEncoded(text))" }
}

extension ArgumentHelp {
    /// Of a ``RolloutArgument``.
    static var rollout: ArgumentHelp {
        ArgumentHelp(
            "The rollout: its name, or its id (20261124225031-november-eb1f) or as much of the id as no other has.",
            valueName: "rollout")
    }
}
