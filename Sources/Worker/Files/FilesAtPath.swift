import Glibc

/// Finds the files that a path on the command line stands for: itself, or, if it is a folder, all regular files in and
/// beneath it on its own file system.
///
/// - Parameters:
///   - path: the path.
///   - goOn: asked now and then; false ends the search.
///   - found: called with each find, and whether it was named. A file that was not may be gone by now.
func files(at path: String, goOn: () -> Bool, found: (_ find: FileFinder.Find, _ isNamed: Bool) -> Void) {
    guard isFolder(path) else { return found(.file(path), true) }
    FileFinder(root: path, crossesMounts: false).files(matching: PathPattern("**"), goOn: goOn) {
        found($0, false)
    }
}

private func isFolder(_ path: String) -> Bool {
    var found = stat()
    return lstat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFDIR
}
