import DefragTypes
import XFS

/// The folders beneath which tasks may name files.
struct Roots: Sendable {
    let folders: [String]

    /// Splits an absolute path from the network into a root and what lies beneath it.
    ///
    /// The kernel resolves the rest so that nothing leads out (openat2(2), RESOLVE_BENEATH and
    /// RESOLVE_NO_SYMLINKS); `..` is refused here, for a message that names it.
    func place(_ path: String) throws(Refused) -> (root: String, relative: String) {
        guard !path.pathComponents.contains("..") else {
            throw Refused(message: "\(path): a path with '..' is not accepted")
        }
        for root in folders {
            if let relative = path.path(beneath: root), !relative.isEmpty { return (root, relative) }
        }
        throw Refused(
            message: "\(path) lies outside this worker's roots (\(folders.joined(separator: ", "))): "
                + "add its folder to REFLOW_ROOTS, or name another file")
    }

    /// The device that what is at `path` lies on, `major:minor`; `nil` where there is nothing. Blocks where that is on NFS or FUSE.
    func device(of path: String) -> String? {
        guard let (root, relative) = try? place(path),
            let location = try? Location(beneath: root, relative: relative)
        else { return nil }
        return try? location.status().deviceName
    }

    /// Where a survey's pattern is looked for: a relative one beneath each of the roots.
    func places(_ pattern: String) throws(Refused) -> [(root: String, relative: String)] {
        guard !pattern.isAbsolutePath else { return [try place(pattern)] }
        let names = pattern.pathComponents
        guard !names.isEmpty, !names.contains("..") else {
            throw Refused(message: "'\(pattern)': a path with '..', or without any name, is not accepted")
        }
        return folders.map { ($0, pattern) }
    }

    /// A path that tasks may not name.
    struct Refused: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }
}
