import CLinux
import Glibc

/// The names in a folder, read one after the other, readdir(3).
public struct Listing: ~Copyable {
    private let stream: OpaquePointer

    /// A name in a folder.
    public struct Entry: Sendable {
        /// Its name; what is not UTF-8 in it is replaced.
        public let name: String
        /// Whether ``name`` is what the file system has.
        public let isExact: Bool
        /// What it is the name of, as the folder has it: what is mounted there is not asked.
        public let kind: FileStatus.Kind
    }

    /// The folder at `path`; links on the way to it are followed.
    ///
    /// - Throws: ``SystemError`` of openat2(2).
    public init(of path: String) throws(SystemError) {
        try self.init(
            Descriptor(owning: try openRepeatedly(AT_FDCWD, path, clinux_list_directory, resolve: 0)))
    }

    /// The folder at `relative` beneath this one, which no symbolic link on the way leads out of. Names change while a search
    /// goes on, so each folder is sought from the top: one descriptor does, however deep it is. With `staysOnMount`, another
    /// mount on the way is an error (`EXDEV`).
    ///
    /// - Returns: its names.
    /// - Throws: ``SystemError`` of openat2(2), such as `ENOENT` for what is gone, `ENAMETOOLONG` from 4 KiB on.
    public func folder(_ relative: String, staysOnMount: Bool) throws(SystemError) -> Listing {
        let resolve = clinux_resolve_beneath | (staysOnMount ? clinux_resolve_no_mounts : 0)
        let descriptor = try openRepeatedly(dirfd(stream), relative, clinux_list_directory, resolve: resolve)
        return try Listing(Descriptor(owning: descriptor))
    }

    private init(_ descriptor: consuming Descriptor) throws(SystemError) {
        let number = descriptor.number
        guard let stream = fdopendir(number) else {
            throw SystemError(errno: Glibc.errno, operation: "open", on: .path)
        }
        // The stream owns it now.
        descriptor.keepForProcess()
        self.stream = stream
    }

    deinit {
        closedir(stream)
    }

    /// The next name but `.` and `..`; `nil` after the last.
    ///
    /// - Throws: ``SystemError`` of readdir(3), after which there are no more.
    public mutating func next() throws(SystemError) -> Entry? {
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                let error = Glibc.errno
                if error == 0 { return nil }
                throw SystemError(errno: error, operation: "read folder", on: .path)
            }
            let type = entry.pointee.d_type
            let (name, isExact) = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    (String(cString: $0), String(validatingCString: $0) != nil)
                }
            }
            guard name != ".", name != ".." else { continue }
            guard let kind = try kind(type, of: name, isExact: isExact) else { continue }
            return Entry(name: name, isExact: isExact, kind: kind)
        }
    }

    /// What `name` is; `nil` where it is gone. Some file systems leave that out of a folder.
    private func kind(_ type: UInt8, of name: String, isExact: Bool) throws(SystemError) -> FileStatus.Kind? {
        switch Int(type) {
        case DT_REG: return .regular
        case DT_DIR: return .directory
        case DT_LNK: return .symbolicLink
        case DT_UNKNOWN where isExact:
            var status = stat()
            let number = dirfd(stream)
            do throws(SystemError) {
                try system("stat", on: .path) {
                    fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -Glibc.errno
                }
            } catch  where error.errno == ENOENT {
                return nil
            }
            return FileStatus.Kind(mode: status.st_mode)
        default: return .special
        }
    }

    /// Where the folder is, without symbolic links, as mounts are named; `nil` where that cannot be determined.
    public var resolvedPath: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(dirfd(stream))", &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}

/// openat2(2), again where a rename raced with a walk that must stay beneath its start: then it answers `EAGAIN`. So it does
/// for a lease that is being broken.
func openRepeatedly(
    _ base: CInt, _ path: String, _ flags: UInt64, resolve: UInt64
) throws(SystemError) -> CInt {
    // A zero byte would cut the path short in C.
    guard !path.utf8.contains(0) else { throw SystemError(errno: ENOENT, operation: "open", on: .path) }
    for _ in 0..<32 {
        do throws(SystemError) {
            return try system("open", on: .path) { clinux_openat2(base, path, flags, resolve) }
        } catch  where error.errno == EAGAIN {
            continue
        }
    }
    throw SystemError(errno: EAGAIN, operation: "open", on: .path)
}
