import DefragTypes
import XFS

/// What a file under work says of the job on it, in an extended attribute: what the job has unshared, so that a slice that is
/// delivered again, also to a worker that has started anew, spends nothing twice.
///
/// It is written before anything is unshared, for up to a window in advance; XFS's journal keeps that order. So a crash can
/// make it say too much, by a window, but never too little. It goes when the file's end is reached, or with ``HintRepair``.
struct JobRecord: Hashable {
    /// Name of the attribute; its value is the two numbers, in decimal, and the job's id.
    static let attribute = "user.reflow.job"

    let job: String
    /// Bytes that the job has unshared in the file.
    var unshared: Int64
    /// Bytes that it may still unshare.
    var left: Int64

    /// What `file` has on record, if it is of `job`.
    static func recorded(in file: borrowing XFS.File, job: String) -> JobRecord? {
        guard let text = try? file.extendedAttribute(attribute) else { return nil }
        return JobRecord(text).flatMap { $0.job == shortened(job) ? $0 : nil }
    }

    init(job: String, unshared: Int64, left: Int64) {
        self.job = Self.shortened(job)
        self.unshared = unshared
        self.left = left
    }

    /// The record that `text` is; `nil` for anything else: anyone who may write to the file may write this, too.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let unshared = Int64(parts[0]), let left = Int64(parts[1]),
            unshared >= 0, unshared <= ByteCount.mostCounted.rawValue, left >= 0, left <= 1 << 62
        else { return nil }
        self.init(job: String(parts[2]), unshared: unshared, left: left)
    }

    var text: String { "\(unshared) \(left) \(job)" }

    /// An attribute's value is read up to 255 bytes.
    private static func shortened(_ job: String) -> String {
        String(decoding: job.utf8.prefix(160), as: UTF8.self)
    }

    /// The record once the job has unshared `bytes` more.
    func advanced(by bytes: Int64) -> JobRecord {
        JobRecord(job: job, unshared: unshared + bytes, left: max(0, left - bytes))
    }

    /// Writes it to `file`. Where that is not possible the run goes on without.
    func write(to file: borrowing XFS.File) {
        try? file.setExtendedAttribute(Self.attribute, to: text)
    }

    /// Removes whatever record `file` has.
    static func remove(from file: borrowing XFS.File) throws(SystemError) {
        guard try file.extendedAttribute(attribute) != nil else { return }
        try file.setExtendedAttribute(attribute, to: nil)
    }
}
