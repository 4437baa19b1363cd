import ArgumentParser
import DefragTypes
import Foundation
import JSON
import ReflowAPI

/// Where the coordinator is: options of every command that asks it.
struct CoordinatorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the coordinator is: a socket's path, http://HOST:PORT or https://HOST:PORT (REFLOW_URL; /run/reflow/reflow.sock).",
            valueName: "url"))
    var url: String?

    /// Lends a client to `work`. What goes wrong is told on stderr and becomes the exit status.
    func ask(_ work: (CoordinatorClient) async throws -> Void) async throws {
        try await reportingFailure {
            let environment = ProcessInfo.processInfo.environment
            do {
                let address = try CoordinatorAddress(
                    url ?? environment["REFLOW_URL"] ?? CoordinatorAddress.usual,
                    from: url == nil ? "REFLOW_URL" : "--url")
                do {
                    try await CoordinatorClient.use(
                        address, token: environment["REFLOW_TOKEN"],
                        caFile: environment["REFLOW_TLS_CA_FILE"],
                        work)
                } catch let error as ClientError {
                    throw Failure(error, at: address)
                }
            } catch let error as CoordinatorAddress.Malformed {
                throw Failure(.usage, error.description)
            }
        }
    }
}

/// The `--output` of a listing.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("'text' for people, or 'json': one object a line.", valueName: "format"))
    var output: OutputFormat = .text

    /// Prints `items` on stdout.
    func list<Item: Encodable>(_ items: [Item], _ table: ([Item]) -> String) throws {
        switch output {
        case .text: try say(table(items))
        case .json: for item in items { try say(try JSON.JSONEncoder().text(item)) }
        }
    }

    /// Prints `value` on stdout.
    func show<Value: Encodable>(_ value: Value, _ text: (Value) -> String) throws {
        switch output {
        case .text: try say(text(value))
        case .json: try say(try JSON.JSONEncoder().text(value))
        }
    }
}

/// The `--yes` of a command that destroys something.
struct Confirmation: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    /// Asks on the terminal, unless that is not wanted.
    ///
    /// - Throws: ``Failure`` where nobody can be asked, or says no.
    func confirm(_ question: String) throws {
        if !yes { try ask(question, or: "--yes") }
    }
}

/// Asks on the terminal.
///
/// - Throws: ``Failure`` where nobody can be asked, which then names the option that says yes; and where somebody says no.
func ask(_ question: String, or option: String) throws {
    guard isatty(STDIN_FILENO) == 1 else {
        throw Failure(.usage, "\(question) There is no terminal to ask on: say \(option)")
    }
    FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
    guard ["y", "yes"].contains(readLine()?.lowercased()) else {
        throw Failure(.stoppedEarly, "nothing was done")
    }
}
