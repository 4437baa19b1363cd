import Contract
import DefragTypes
import Glibc
import XFS

/// The XFS that tasks can name files on: that on which a root lies, and those that are mounted beneath one. Each once, and at
/// most so many as a state may name.
func fileSystems(ofRoots roots: [String]) -> [HostState.FileSystem] {
    var found: [(device: String, fileSystem: HostState.FileSystem)] = []
    for place in places(ofRoots: roots.map(resolved), mounts: (try? Mount.all()) ?? []) {
        guard found.count < mostFileSystems, !found.contains(where: { $0.device == place.mount.device }),
            let fileSystem = try? XFS.FileSystem(at: place.path)
        else { continue }
        let state = HostState.FileSystem(
            uuid: fileSystem.geometry.uuid, mountPoint: place.mount.path,
            size: ByteCount(fileSystem.space.size), free: ByteCount(fileSystem.space.available))
        found.append((place.mount.device, state))
    }
    return found.map(\.fileSystem)
}

private let mostFileSystems = 256

/// Where to look, and the mount that it belongs to: each of `roots`, and the `mounts` beneath it.
///
/// The mount of a root is the deepest above it. It may be hidden by one of another kind; then what is found at the root is no XFS.
func places(ofRoots roots: [String], mounts: [Mount]) -> [(path: String, mount: Mount)] {
    func lies(_ path: String, in folder: String) -> Bool {
        folder == "/" || path == folder || path.hasPrefix(folder + "/")
    }
    return roots.flatMap { root in
        let above = mounts.filter { lies(root, in: $0.path) }.max { $0.path.utf8.count < $1.path.utf8.count }
        let beneath = mounts.filter { $0.path != root && lies($0.path, in: root) }.sorted {
            $0.path < $1.path
        }
        return (above.map { [(root, $0)] } ?? []) + beneath.map { ($0.path, $0) }
    }
}

/// Without symbolic links, as mounts are named; itself where it cannot be resolved.
private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}
