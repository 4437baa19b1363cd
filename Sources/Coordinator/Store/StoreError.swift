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

    var description: String { message }
}
