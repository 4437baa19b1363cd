import DefragTypes
import Glibc
import XFS

/// Claims `file` for one run, by a name that is free again when the run ends, however it ends.
///
/// - Throws: a refusal (``Reason/busy``) while another run works on it.
func claim(_ file: borrowing XFS.File) throws -> ExclusiveName {
    let name = try claimName(of: file)
    do throws(SystemError) { return try ExclusiveName(name, besideOwner: file.status().owner) } catch {
        throw Halt.refuse(
            error.errno == EADDRINUSE
                ? Refusal(.busy, "another run is at work on the file: wait for it to end")
                : Refusal(.ioError, "\(error)"))
    }
}

/// The name that a run claims: the same for every path to `file`. By the device, as two file systems can have one UUID.
func claimName(of file: borrowing XFS.File) throws(SystemError) -> String {
    let status = try file.status()
    return "reflow/\(status.deviceName)/\(status.inode)"
}
