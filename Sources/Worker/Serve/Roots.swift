import DefragTypes

/// The folders beneath which tasks may name files.
struct Roots: Sendable {
    let folders: [String]

    /// Splits an absolute path from the network into a root and what lies beneath it.
    ///
    /// The kernel resolves the rest so that nothing leads out (openat2(2), RESOLVE_BENEATH and
    /// RESOLVE_NO_SYMLINKS); `..` is refused here, for a message that names it.
    func place(_ path: String) throws(Refused) -> (root: String, relative: String) {
        guard !path.split(separator: "/").contains("..") else {
            throw Refused(message: "\(path): a path with '..' is not accepted")
        }
        for root in folders where root == "/" || path.hasPrefix(root + "/") {
            let relative = path.dropFirst(root.count).drop { $0 == "/" }
            if !relative.isEmpty { return (root, String(relative)) }
        }
        throw Refused(
            message: "\(path) lies outside this worker's roots (\(folders.joined(separator: ", "))): "
                + "add its folder to REFLOW_ROOTS, or name another file")
    }

    /// The root of `path`, or nothing where it has none.
    func root(of path: String) -> String { (try? place(path).root) ?? "" }

    /// A path that tasks may not name.
    struct Refused: Error {
        let message: String
    }
}
