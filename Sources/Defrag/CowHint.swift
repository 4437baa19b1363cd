import Glibc
import XFS

/// A file's own `cowextsize` hint, which a run replaces by one block and restores at its end.
///
/// While backups share a file, a guest's small write makes XFS preallocate `cowextsize` (128 KiB by default) for copies to
/// come. Its remainder is in pieces, and a later unshare is allocated from it. With a hint of one block nothing
/// remains. A hint of zero, the default, means the default size.
///
/// The owner's hint is recorded in an extended attribute of the file, so that it can be restored after a crash.
/// XFS's journal keeps the order of the two changes, whatever ends the run: first the record and then the hint,
/// and at the end first the hint and then the record. So there is never a hint of ours without its record.
enum CowHint {
    /// Name of the attribute; its value is the owner's hint in bytes, in decimal.
    static let attribute = "user.reflow.cowextsize"

    /// The owner's hint in bytes, if a run has replaced it and still works or has ended without restoring it; `nil`
    /// otherwise.
    static func recorded(in file: borrowing XFS.File) throws(SystemError) -> Int64? {
        try file.extendedAttribute(attribute).map { text in
            // Anyone who may write to the file may write this, too.
            Int64(text).flatMap { (0...Int64(UInt32.max)).contains($0) ? $0 : nil } ?? 0
        }
    }

    /// Sets the hint to one block and records the owner's. A record that an earlier run left stays.
    ///
    /// - Throws: `SystemError` where that is not permitted or fails; then the file is as it was.
    static func replace(in file: borrowing XFS.File, blockSize: Int64) throws(SystemError) {
        let own = try file.attributes().cowExtentSizeHint
        guard own != blockSize else { return }
        try file.setExtendedAttribute(attribute, to: String(own))
        do throws(SystemError) {
            try file.setCowExtentSizeHint(blockSize)
        } catch {
            try? file.setExtendedAttribute(attribute, to: nil)
            throw error
        }
    }

    /// Restores the recorded hint, unless another one was set since, and removes the record.
    ///
    /// - Returns: whether there was a record.
    @discardableResult
    static func restore(in file: borrowing XFS.File) throws(SystemError) -> Bool {
        guard let own = try recorded(in: file) else { return false }
        if try file.attributes().cowExtentSizeHint == file.geometry().blockSize {
            do throws(SystemError) { try file.setCowExtentSizeHint(own) } catch  where error.errno == EINVAL {
                // Not a hint of this file system: it was never in force.
                try file.setCowExtentSizeHint(0)
            }
        }
        try file.setExtendedAttribute(attribute, to: nil)
        return true
    }
}
