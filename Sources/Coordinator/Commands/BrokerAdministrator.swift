import DefragTypes
import Foundation

/// `rabbitmqctl` of the broker on this machine.
enum BrokerAdministrator {
    /// Runs `command` to its end, with the file `input` as its standard input, if one is named. What is to be deleted and is not
    /// there is no failure.
    ///
    /// - Throws: ``Failure`` where it cannot be run, or fails.
    static func run(_ command: [String], input: String? = nil) throws {
        let (status, text) = try output(of: command, input: input)
        guard status != 0 else { return }
        let isGone =
            command.contains { $0.hasPrefix("delete_") }
            && ["not_found", "not found", "does not exist", "no_such_user"].contains { text.contains($0) }
        guard isGone else {
            throw Failure(.failed, "\(command.joined(separator: " ")) ended with \(status): \(text)")
        }
    }

    /// The names of all accounts.
    ///
    /// - Throws: ``Failure``.
    static func accounts() throws -> Set<String> {
        let (status, text) = try output(of: ["rabbitmqctl", "-q", "list_users", "--no-table-headers"])
        guard status == 0 else {
            throw Failure(.failed, "rabbitmqctl list_users ended with \(status): \(text)")
        }
        return Set(
            text.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) })
    }

    private static func output(of command: [String], input: String? = nil) throws -> (
        status: Int32, text: String
    ) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        let pipe = Pipe()
        process.standardInput = input.map(FileHandle.init(forReadingAtPath:)) ?? FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        do { try process.run() } catch {
            throw Failure(.failed, "rabbitmqctl cannot be run: \(error)")
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        if process.terminationStatus == 127 {
            throw Failure(
                .failed,
                "rabbitmqctl is not on this machine: leave --apply out, and run what is printed there")
        }
        return (process.terminationStatus, text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
