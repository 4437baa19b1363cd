import DefragTypes
import XFS

/// Which files a survey has counted, so that one with several names (hard links, or a file system that is mounted twice where
/// it searches) counts once. In memory for the files that may have several.
struct SeenFiles: Sendable {
    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private let mountedTwice: Set<String>
    private var seen: Set<Identity> = []

    /// For a search of `roots`, among `mounts`.
    init(roots: [String], mounts: [Mount] = (try? Mount.all()) ?? []) {
        var places: [String: Set<PathKey>] = [:]
        for (_, mount) in Worker.places(ofRoots: roots, mounts: mounts) {
            places[mount.device, default: []].insert(PathKey(mount.path))
        }
        mountedTwice = Set(places.filter { $0.value.count > 1 }.keys)
    }

    /// Whether the file with `status` was not counted before.
    mutating func isFirst(_ status: FileStatus) -> Bool {
        guard status.links > 1 || mountedTwice.contains(status.deviceName) else { return true }
        return seen.insert(Identity(device: status.device, inode: status.inode)).inserted
    }
}
