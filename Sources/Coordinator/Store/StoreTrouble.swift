import GRDB

/// What keeps anything from being stored, whatever it is: the disk is full, broken, read-only, or somebody else has the file.
struct StoreTrouble: Hashable, Sendable {
    /// What is wrong, and what to do.
    let words: String

    /// `nil` if it is not the disk: something else could be stored.
    init?(_ error: any Error) {
        guard let error = error as? DatabaseError, Self.codes.contains(error.resultCode) else { return nil }
        words =
            error.resultCode == .SQLITE_FULL
            ? "the disk with the coordinator's database is full: make room"
            : StoreError(error, at: "the coordinator's database").message
    }

    /// What is stored cannot be read.
    init(_ trouble: StepTrouble) {
        words = "\(trouble)"
    }

    private static let codes: [ResultCode] = [
        .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_BUSY, .SQLITE_LOCKED,
        .SQLITE_NOMEM, .SQLITE_PROTOCOL, .SQLITE_PERM, .SQLITE_CORRUPT, .SQLITE_NOTADB,
    ]
}
