import Glibc

/// Finds the regular files beneath a folder that match a pattern, without ever following a symbolic link: names on a
/// shared host change under us, and a link must not lead a search out of the folder.
struct FileFinder: Sendable {
    /// Where the search begins; links on the way to it are the operator's own.
    let root: String
    /// Whether to search other file systems, mounted beneath, as well.
    var crossesMounts = true

    /// What a search comes upon.
    enum Find: Equatable {
        /// A file that matches: the root's path and the file's beneath it, joined.
        case file(String)
        /// Something that could not be looked at, in words. A name that is gone meanwhile is none.
        case problem(String)
    }

    /// Calls `found` with each regular file that matches `pattern`, relative to the root, in no particular order; each
    /// at most once, as it is found: nothing is kept.
    ///
    /// - Parameters:
    ///   - pattern: see ``PathPattern``.
    ///   - goOn: asked at every name, also of what does not match; false ends the search.
    ///   - found: called with each find.
    func files(matching pattern: PathPattern, goOn: () -> Bool, found: (Find) -> Void) {
        let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            found(.problem("\(root): \(String(cString: strerror(errno)))"))
            return
        }
        var status = stat()
        fstat(descriptor, &status)
        let prefix = String(root.reversed().drop { $0 == "/" }.reversed())
        let folder = Folder(descriptor: descriptor, path: prefix, device: status.st_dev)
        _ = search(folder, pattern, goOn, found)
    }

    /// An open folder; the search takes its descriptor over.
    private struct Folder {
        let descriptor: CInt
        let path: String
        let device: dev_t
    }

    /// Searches one folder. Returns false when the search is to end.
    private func search(
        _ folder: Folder, _ pattern: PathPattern, _ goOn: () -> Bool, _ found: (Find) -> Void
    ) -> Bool {
        guard let stream = fdopendir(folder.descriptor) else {
            close(folder.descriptor)
            found(.problem("\(folder.path): \(String(cString: strerror(errno)))"))
            return true
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            guard goOn() else { return false }
            let (name, isValid) = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    (String(cString: $0), String(validatingCString: $0) != nil)
                }
            }
            guard name != ".", name != ".." else { continue }
            guard isValid else {
                found(.problem("\(folder.path)/\(name): skipped, its name is not UTF-8"))
                continue
            }
            let rest = pattern.advanced(by: name)
            guard rest.isAlive else { continue }
            var status = stat()
            guard fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let path = "\(folder.path)/\(name)"
            switch status.st_mode & S_IFMT {
            case S_IFREG where rest.isComplete:
                found(.file(path))
            case S_IFDIR where rest.wantsMore && (crossesMounts || status.st_dev == folder.device):
                let inner = openat(dirfd(stream), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                if inner >= 0 {
                    let folder = Folder(descriptor: inner, path: path, device: status.st_dev)
                    guard search(folder, rest, goOn, found) else { return false }
                } else if errno != ENOENT {
                    found(.problem("\(path): \(String(cString: strerror(errno)))"))
                }
            default: break
            }
        }
        return true
    }
}
