public import DefragTypes
public import XFS

/// Finds files whose `cowextsize` hint a run has replaced and, because it crashed or is one slice of a job, not restored, and
/// restores it; what a job has put on record there it removes.
public struct HintRepair: Sendable {
    /// Whether files count, too, whose hint is one block without a record of the owner's: a reflink copy that is made during
    /// a run on its original inherits the hint, but not the record. Such a hint may be its owner's wish.
    public var includesUnrecorded: Bool
    /// Whether to change nothing.
    public var isDryRun: Bool
    /// Whether what a job has unshared stays on record, for a slice that may be delivered again.
    public var keepsJobRecord: Bool

    /// A repair.
    public init(includesUnrecorded: Bool = false, isDryRun: Bool = false, keepsJobRecord: Bool = false) {
        self.includesUnrecorded = includesUnrecorded
        self.isDryRun = isDryRun
        self.keepsJobRecord = keepsJobRecord
    }

    /// The outcome for a file.
    public enum Outcome: Hashable, Sendable {
        /// Its hint is its own.
        case untouched
        /// It has its own hint again, in bytes, or would have; zero is XFS's default.
        case restored(ByteCount)
        /// A run works on it, and will restore the hint.
        case busy
    }

    /// Restores the own hint of `file`, opened with ``openForSurvey(path:)``.
    ///
    /// - Throws: ``Refusal``: `notPermitted`, `readOnlyMount`, `ioError`.
    public func repair(_ file: borrowing XFS.File, path: String) throws(Refusal) -> Outcome {
        do {
            let isUntouched = try !hasJobRecord(file) && !needsRepair(file)
            if isUntouched { return .untouched }
            let claim = try claim(file)
            defer { _ = claim }
            return try repair(file)
        } catch {
            switch Halt(error) {
            case .refuse(let refusal) where refusal.reason == .busy: return .busy
            case .refuse(let refusal): throw refusal
            case .fail(let error): throw Preflight(path: path).refusal(error)
            case .stop(let reason, let message):
                throw Refusal(reason, "'\(path)': \(message ?? reason.rawValue)")
            }
        }
    }

    private func repair(_ file: borrowing XFS.File) throws(SystemError) -> Outcome {
        if !isDryRun, try hasJobRecord(file) { try JobRecord.remove(from: file) }
        // A run may have ended in the meantime.
        guard try needsRepair(file) else { return .untouched }
        let (present, blockSize) = (try file.attributes().cowExtentSizeHint, try file.geometry().blockSize)
        // Another hint may have been set since: then only the record has to go.
        let own = present == blockSize ? try CowHint.recorded(in: file) ?? 0 : present
        guard !isDryRun else { return .restored(ByteCount(own)) }
        if try !CowHint.restore(in: file) { try file.setCowExtentSizeHint(own) }
        return .restored(ByteCount(try file.attributes().cowExtentSizeHint))
    }

    private func hasJobRecord(_ file: borrowing XFS.File) throws(SystemError) -> Bool {
        guard !keepsJobRecord else { return false }
        return try file.extendedAttribute(JobRecord.attribute) != nil
    }

    private func needsRepair(_ file: borrowing XFS.File) throws(SystemError) -> Bool {
        if try CowHint.recorded(in: file) != nil { return true }
        guard includesUnrecorded else { return false }
        return try file.attributes().cowExtentSizeHint == file.geometry().blockSize
    }
}
