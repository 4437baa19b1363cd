import Glibc
import DefragTypes
import XFS

/// Where to look, and the mount that it belongs to: each of `roots`, and the `mounts` beneath it.
///
/// The mount of a root is the deepest above it. Those of other kinds than XFS are left out.
func places(ofRoots roots: [String], mounts: [Mount]) -> [(path: String, mount: Mount)] {
    // Of several at one place, the last is what is seen there.
    var seen: [PathKey: Mount] = [:]
    for mount in mounts { seen[PathKey(mount.path)] = mount }
    return roots.flatMap { root in
        let above = seen.values.filter { root.path(beneath: $0.path) != nil }.max {
            $0.path.utf8.count < $1.path.utf8.count
        }
        let beneath = seen.values.filter { $0.path.path(beneath: root)?.isEmpty == false }.sorted {
            PathKey($0.path) < PathKey($1.path)
        }
        return ((above.map { [(root, $0)] } ?? []) + beneath.map { ($0.path, $0) })
            .filter { $0.1.type == "xfs" }
    }
}

/// Without symbolic links, as mounts are named; itself where it cannot be resolved.
func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}
