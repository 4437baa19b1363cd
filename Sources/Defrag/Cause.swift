import DefragTypes
import Glibc
import XFS

/// What a failed system call says about a file: a code, and a sentence for people. The one table for surveys, dry runs and
/// runs, by error number and by what the call was about.
struct Cause: Hashable {
    let reason: Reason
    let sentence: String

    /// The cause of `error`, of work on the file that the sentence calls `name`; `nil` where the machine is at fault.
    init?(_ error: SystemError, name: String) {
        switch (error.errno, error.subject) {
        case (EPERM, .folder):
            reason = .immutable
            sentence =
                "the folder of \(name) is immutable or append-only, and a run needs a nameless file there: clear the flag "
                + "with chattr -i or -a on the folder first"
        case (EACCES, .folder):
            reason = .notPermitted
            sentence =
                "the folder of \(name) may not be written to, and a run needs a nameless file there: run as the folder's "
                + "owner or root"
        case (EACCES, _), (EPERM, _):
            reason = .notPermitted
            sentence = "\(name) may not be opened for reading and writing: run as its owner or root"
        case (ENOENT, .path), (ENOTDIR, .path):
            reason = .notFound
            sentence = "\(name) does not exist"
        case (EXDEV, .path):
            reason = .outsideRoots
            sentence = "\(name) leads out of the folder that tasks may name files in"
        case (ELOOP, .path):
            reason = .symbolicLink
            sentence = "\(name) leads through a symbolic link: name the file by its real path"
        case (EXDEV, .scratch):
            reason = .fileMount
            sentence =
                "\(name) is mounted here by itself (bind mount), and a run needs a nameless file beside it: name it where it "
                + "lies, in a folder on its own file system"
        case (EISDIR, _):
            reason = .notRegularFile
            sentence = "\(name) is a directory: name the files in it"
        case (EROFS, _):
            reason = .readOnlyMount
            sentence = "\(name) is on a read-only mount: remount the file system read-write"
        case (ETXTBSY, _):
            reason = .swapFile
            sentence = "\(name) is an active swap file or a running program: end its use first"
        case (EAGAIN, .file):
            reason = .busy
            sentence =
                "\(name) is leased to another program, such as a file server (fcntl(2), F_SETLEASE), which has not given it back "
                + "so far: try again later"
        case (EFBIG, _):
            reason = .tooLarge
            sentence =
                "\(name) has a size of more than \(ByteCount(WorkFile.mostSize)): shorten it with truncate"
        case (ENOSPC, _):
            reason = .lowSpace
            sentence = "the file system is full: make room and go on"
        case (EDQUOT, _):
            reason = .quota
            sentence = "a quota is used up: raise it and go on"
        default: return nil
        }
    }
}

extension SystemError {
    /// What to do where the machine is at fault.
    var remedy: String {
        switch errno {
        case EMFILE: "let the program open more files (ulimit -n, LimitNOFILE)"
        case ENFILE: "let the machine open more files (sysctl fs.file-max)"
        case ENOMEM: "make memory free, or allow the program more of it (MemoryMax)"
        // XFS calls them EFSCORRUPTED and EFSBADCRC.
        case EUCLEAN, EBADMSG: "the file system is damaged: unmount it and run xfs_repair"
        default: "check the device and the kernel's log"
        }
    }
}
