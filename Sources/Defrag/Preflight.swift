import DefragTypes
import Glibc
import XFS

/// Every check before a file is touched, each with its own refusal.
struct Preflight {
    /// The file as messages name it.
    let path: String

    /// Opens for a run what `locate` finds: for reading, until there is something to rewrite. Closing what was opened for
    /// writing is an event for programs that watch the file (inotify(7), `IN_CLOSE_WRITE`).
    func openForDefrag(at locate: () throws(SystemError) -> Location) throws(Refusal) -> XFS.File {
        let file = try open(regularFile(at: locate))
        if let obstacle = obstacle(to: file, swapFiles: .active()) { throw obstacle }
        return file
    }

    /// What would prevent a run over `file`, determined without opening it for writing and without asking the kernel for any
    /// change. Passing conditions (too little space, another run) are left to the run.
    func obstacle(to file: borrowing XFS.File, swapFiles: SwapFiles) -> Refusal? {
        do throws(Refusal) {
            if try attempt({ () throws(SystemError) in try file.space().isReadOnly }) {
                throw refusal(errno: EROFS)
            }
            try check(attempt { () throws(SystemError) in try file.geometry() })
            try check(attempt { () throws(SystemError) in try file.attributes().flags })
            try check(KernelRelease.current)
            let status = try attempt { () throws(SystemError) in try file.status() }
            if swapFiles.contains(status) { throw refusal(errno: ETXTBSY) }
            if status.size > WorkFile.mostSize { throw refusal(errno: EFBIG) }
            try checkFolder(of: file, on: status.device)
            try attempt { () throws(SystemError) in try file.checkWritable() }
            return nil
        } catch {
            return error
        }
    }

    /// Refuses where no file that shares blocks with `file` can be made beside it.
    private func checkFolder(of file: borrowing XFS.File, on device: UInt64) throws(Refusal) {
        let folder = try attempt { () throws(SystemError) in try file.folderStatus().device }
        if folder != device {
            throw refusal(SystemError(errno: EXDEV, operation: "clone", on: .scratch))
        }
        if let flags = file.folderFlags(), flags.contains(.realtimeInherited) {
            throw Refusal(
                .realtime,
                "the folder of '\(path)' puts new files on the realtime device, which cannot share blocks: clear its flag "
                    + "with xfs_io -c 'chattr -t'")
        }
    }

    private func check(_ geometry: Geometry) throws(Refusal) {
        guard !geometry.hasReflink else { return }
        throw Refusal(
            .noReflink,
            "'\(path)' is on an XFS without reflink: make the file system with mkfs.xfs -m reflink=1")
    }

    /// Refuses on kernels on which unsharing can lose what a guest has written, also while a ``Pin`` holds.
    func check(_ kernel: KernelRelease) throws(Refusal) {
        guard kernel.losesDataWhateverIsShared else { return }
        throw Refusal(
            .unsafeKernel,
            "'\(path)' is refused: on Linux \(kernel) unsharing can lose data that is being written. "
                + "Run Linux 5.13 or later")
    }

    /// Opens for a survey what `locate` finds, unless that took a lease away from somebody.
    func openForSurvey(at locate: () throws(SystemError) -> Location) throws(Refusal) -> XFS.File {
        let location = try regularFile(at: locate)
        let status = try attempt { () throws(SystemError) in try location.status() }
        guard !Leases.areBroken(byReading: status) else { throw refusal(errno: EAGAIN) }
        return try open(location)
    }

    private func open(_ location: consuming Location) throws(Refusal) -> XFS.File {
        do throws(SystemError) {
            return try awaitingLeases { () throws(SystemError) in try location.open(.readOnly) }
        } catch {
            throw refusal(error)
        }
    }

    private func regularFile(at locate: () throws(SystemError) -> Location) throws(Refusal) -> Location {
        let location = try found(at: locate)
        switch try attempt({ () throws(SystemError) in try location.status().kind }) {
        case .regular: break
        case .directory: throw Refusal(.notRegularFile, "'\(path)' is a directory: name the files in it")
        case .symbolicLink:
            throw Refusal(.notRegularFile, "'\(path)' is a symbolic link: name the file that it leads to")
        case .special:
            throw Refusal(.notRegularFile, "'\(path)' is a device, FIFO or socket: name a regular file")
        }
        guard try attempt({ () throws(SystemError) in try location.space().isXFS }) else {
            throw Refusal(.notXFS, "'\(path)' is not on XFS: only files on XFS can be defragmented")
        }
        return location
    }

    private func found(at locate: () throws(SystemError) -> Location) throws(Refusal) -> Location {
        do throws(SystemError) { return try locate() } catch { throw refusal(error) }
    }

    /// Refuses by what the file's flags forbid.
    func check(_ flags: FileAttributes.Flags) throws(Refusal) {
        if flags.contains(.realtime) {
            throw Refusal(
                .realtime, "'\(path)' has its data on the realtime device, which cannot share blocks")
        }
        if flags.contains(.dax) {
            throw Refusal(
                .dax, "'\(path)' is accessed directly (DAX): clear the flag with xfs_io -c 'chattr -x'")
        }
        if flags.contains(.immutable) {
            throw Refusal(.immutable, "'\(path)' is immutable: clear the flag with chattr -i first")
        }
        if flags.contains(.appendOnly) {
            throw Refusal(
                .appendOnly, "'\(path)' can only be appended to: clear the flag with chattr -a first")
        }
        if flags.contains(.noDefrag) {
            throw Refusal(
                .noDefrag,
                "'\(path)' is marked as not to be defragmented: clear it with xfs_io -c 'chattr -f'")
        }
    }

    private func attempt<Value>(_ call: () throws(SystemError) -> Value) throws(Refusal) -> Value {
        do throws(SystemError) { return try call() } catch { throw refusal(error) }
    }

    private func refusal(errno: CInt) -> Refusal {
        refusal(SystemError(errno: errno, operation: "open"))
    }

    /// The refusal for an error of opening or inspecting the file.
    func refusal(_ error: SystemError) -> Refusal {
        Cause(error, name: "'\(path)'").map { Refusal($0.reason, $0.sentence) }
            ?? Refusal(.ioError, "'\(path)': \(error): \(error.remedy)")
    }
}
