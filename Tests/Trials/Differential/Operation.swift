import Support

/// What users do to a file.
enum Operation: String, CaseIterable, Sendable {
    case bufferedWrite = "buffered writes"
    case directWrite = "O_DIRECT writes"
    case mappedWrite = "mmapped writes"
    case append = "appends"
    case punch = "punches"
    case zero = "zeroings"
    case preallocate = "preallocations"
    case shorten = "truncates down"
    case lengthen = "truncates up"
    case collapse = "collapses"
    case insert = "inserts"
    case share = "shared ranges"
    case backUp = "backups"
    case removeBackup = "backups removed"
    case flush = "fsyncs"
    case writeBack = "writebacks"
    case dropCache = "cache drops"
    case read = "reads"

    /// How often it comes, compared with others.
    private var weight: Int {
        switch self {
        case .bufferedWrite, .directWrite, .mappedWrite: 12
        case .read: 8
        case .append, .punch: 6
        case .zero, .preallocate, .share, .writeBack, .flush: 3
        case .shorten, .lengthen, .dropCache, .backUp, .removeBackup: 2
        case .collapse, .insert: 1
        }
    }

    /// A mixture for one round. Each kind is left out of some of the rounds and prevails in others: what all kinds
    /// together would cover up shows where some are missing.
    static func mixture(_ random: inout Xorshift) -> [Operation] {
        var mixture: [Operation] = []
        for operation in allCases {
            let factor = [0, 1, 1, 1, 4].randomElement(using: &random) ?? 1
            mixture += repeatElement(operation, count: factor * operation.weight)
        }
        return mixture.isEmpty ? allCases : mixture
    }
}
