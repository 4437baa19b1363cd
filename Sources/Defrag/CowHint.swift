import Glibc
import XFS

/// A file's own `cowextsize` hint, which a run replaces by one block and gives back at its end.
///
/// While backups share a file, a guest's small write makes XFS preallocate `cowextsize` (128 KiB by default) for copies to
/// come. What is left of that is punctured, and is what a later unshare is laid into. With a hint of one block
/// nothing is left. A hint of zero, the default, means the default size.
///
/// The owner's hint is remembered in an extended attribute of the file, so that whoever comes after a crash can give it
/// back. XFS's journal keeps the order of the two changes, whatever ends the run: first the record and then the hint,
/// and at the end first the hint and then the record. So there is never a hint of ours without its record.
enum CowHint {
    /// Name of the attribute; its value is the owner's hint in bytes, in decimal.
    static let attribute = "user.reflow.cowextsize"

    /// The owner's hint in bytes, if a run has replaced it, and ended without giving it back or is still at work; `nil`
    /// otherwise.
    static func recorded(in file: borrowing XFS.File) throws(SystemError) -> Int64? {
        try file.extendedAttribute(attribute).map { text in
            // Whoever may write to the file may write this, too.
            Int64(text).flatMap { (0...Int64(UInt32.max)).contains($0) ? $0 : nil } ?? 0
        }
    }

    /// Sets the hint to one block and remembers what it was. What a run before has left on record stays on record.
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

    /// Gives the hint on record back, unless somebody has set another one since, and removes the record.
    ///
    /// - Returns: whether there was a record.
    @discardableResult
    static func restore(in file: borrowing XFS.File) throws(SystemError) -> Bool {
        guard let own = try recorded(in: file) else { return false }
        if try file.attributes().cowExtentSizeHint == file.geometry().blockSize {
            do throws(SystemError) { try file.setCowExtentSizeHint(own) } catch  where error.errno == EINVAL {
                // No hint of this file system's: nobody has had it.
                try file.setCowExtentSizeHint(0)
            }
        }
        try file.setExtendedAttribute(attribute, to: nil)
        return true
    }
}
