import GRDB

/// Why the store cannot be used, or has not got what was asked for.
struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For programs.
    let code: Code
    /// For people: what is wrong with which file, and what to do.
    let message: String

    /// Kinds of trouble.
    enum Code: String, Hashable, Sendable {
        /// The file or its folder cannot be opened or written.
        case cannotOpen
        /// The folder is not there.
        case noFolder
        /// The file is no database, or that of another program.
        case notOurs
        /// A newer version of this program has written it.
        case newerSchema
        /// Another coordinator has it open.
        case inUse
        /// There is no such rollout, host or target.
        case unknown
    }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What SQLite says of the database at `path`, in the operator's words.
    init(_ error: any Error, at path: String) {
        guard let error = error as? DatabaseError else {
            self.init(.cannotOpen, "cannot use \(path): \(error)")
            return
        }
        let words = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_NOTADB:
            self.init(.notOurs, "\(path) is no database: move it away, or name another file")
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            self.init(.cannotOpen, "cannot open \(path) for writing: \(words)")
        case .SQLITE_FULL:
            self.init(
                .cannotOpen, "the disk with \(path) is full: make room, and start again; nothing is lost")
        case .SQLITE_CORRUPT:
            self.init(
                .cannotOpen,
                "\(path) is damaged, or its disk (\(words)). Look at the disk (dmesg) and start again; if that does not help, restore a copy of the file"
            )
        case .SQLITE_IOERR:
            self.init(
                .cannotOpen,
                "\(path) cannot be read or written: \(words). Look at its disk (dmesg), and start again once it is mended"
            )
        default:
            self.init(.cannotOpen, "cannot use \(path): \(words)")
        }
    }

    /// What SQLite says, for somebody who asked the coordinator for something; `nil` if it was not SQLite.
    static func words(for error: any Error) -> String? {
        guard let error = error as? DatabaseError else { return nil }
        return switch error.resultCode {
        case .SQLITE_FULL: "the disk with the coordinator's database is full: make room, and ask again"
        default: StoreError(error, at: "the coordinator's database").message
        }
    }

    var description: String { message }
}
