import ArgumentParser
import BrokerRights
import Contract
import DefragTypes
import Foundation
import Settings

/// `reflow security`: looks for rights that nobody needs.
struct Security: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for rights at the broker that nobody needs.", subcommands: [Check.self])

    /// `reflow security check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name every account that can do more than it needs, and how to mend that.",
            discussion: """
                Reads what the broker exports ('-' for stdin), and asks nobody: accounts, rights, topic rights and limits are \
                compared with those that 'reflow provision --credentials' gives. A line for each finding; 1 if there is any.

                  rabbitmqctl export_definitions - | reflow security check -
                  reflow security check definitions.json --config /etc/rabbitmq/rabbitmq.conf
                """)

        @Argument(help: "File of 'rabbitmqctl export_definitions', or of 'reflow provision --credentials'.")
        var definitions: String

        @Option(
            help: ArgumentHelp(
                "The broker's rabbitmq.conf: which listeners are plain is not in its definitions.",
                valueName: "file"),
            completion: .file(extensions: ["conf"]))
        var config: String?

        @Option(
            name: .customLong("administrator"),
            help: ArgumentHelp(
                "An operator's account, which may do everything; once for each.", valueName: "account"))
        var administrators: [String] = []

        @Option(
            help: ArgumentHelp(
                "Folder of 'reflow provision --credentials': accounts that it has not are findings.",
                valueName: "dir"),
            completion: .directory)
        var credentials: String?

        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reportingFailure {
                let findings = try findings()
                if !findings.isEmpty || output.output == .json {
                    try output.list(findings) { $0.map(\.description.plain).joined(separator: "\n") }
                }
                if config == nil {
                    note("which listeners are plain is in rabbitmq.conf: name it with --config")
                }
                if !findings.isEmpty { throw ExitStatus.failed.exitCode }
                note("nothing found")
            }
        }

        private func findings() throws -> [SecurityFinding] {
            let exported: ExportedDefinitions
            do { exported = try ExportedDefinitions(json: Array(try contents(of: definitions))) } catch let
                error as DecodingError
            {
                throw Failure(
                    .usage, "\(definitions): no definitions with users and permissions (\(error.plain))")
            }
            let expected = try credentials.map { path -> Set<String> in
                let former = try CredentialFolder(path: path).read()
                guard !former.passwords.isEmpty else {
                    throw Failure(.usage, "\(path) is no folder of 'reflow provision --credentials'")
                }
                return Set(former.passwords.keys)
            }
            let check = SecurityCheck(exported, administrators: Set(administrators), expected: expected)
            guard !check.virtualHosts.isEmpty else {
                throw Failure(
                    .usage, "\(definitions): no virtual host has the exchange '\(ExchangeName.tasks)'")
            }
            let open = try config.map { path in
                BrokerConfigurationCheck(String(decoding: try contents(of: path), as: UTF8.self)).findings
            }
            return check.findings + (open ?? [])
        }

        private func contents(of path: String) throws -> Data {
            if path == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Failure(.usage, "\(path) cannot be read: is it there, and may you read it?")
            }
            return data
        }
    }
}

extension DecodingError {
    /// What is wrong, without Swift's words.
    fileprivate var plain: String {
        switch self {
        case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.debugDescription
        @unknown default: "not JSON"
        }
    }
}
