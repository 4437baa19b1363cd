import ArgumentParser
import DefragTypes
import Foundation

/// `reflow backup`: a copy of the coordinator's database.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the coordinator's database into a file, also while it is at work.",
        discussion: """
            Reads the database itself, and does not ask the coordinator, which may run or not. The file is the database as it was at \
            one moment, checked and synced before it takes the place of an older copy. Run it on the coordinator's machine, as its \
            user or root. docs/backup.md says how to go back to a copy.

              reflow backup /var/backups/reflow.db
            """)

    @Argument(help: "Where the copy is to be.", completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp(
            "The coordinator's database (REFLOW_DATABASE; \(ServeConfiguration.usualDatabase)).",
            valueName: "path"),
        completion: .file())
    var database: String?

    func run() async throws {
        try await reportingFailure {
            let environment = ProcessInfo.processInfo.environment
            let path = database ?? environment["REFLOW_DATABASE"] ?? ServeConfiguration.usualDatabase
            let bytes = try StoreBackup(database: path, copy: file).make()
            try say("\(path) is copied into \(file): \(ByteCount(bytes))")
        }
    }
}
