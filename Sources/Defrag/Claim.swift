import DefragTypes
import Glibc
import XFS

/// Takes `file` for one run alone, by a name that is free again when the run ends, however it ends.
///
/// - Throws: a refusal (``Reason/busy``) while another run is at work on it.
func claim(_ file: borrowing XFS.File) throws(Halt) -> ExclusiveName {
    let inode = try halting { () throws(SystemError) in try file.status().inode }
    let uuid = try halting { () throws(SystemError) in try file.geometry().uuid }
    do throws(SystemError) { return try ExclusiveName("reflow/\(uuid)/\(inode)") } catch {
        throw .refuse(
            error.errno == EADDRINUSE
                ? Refusal(.busy, "another run is at work on the file: wait for it to end")
                : Refusal(.ioError, "\(error)"))
    }
}
