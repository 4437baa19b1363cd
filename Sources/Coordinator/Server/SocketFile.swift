import Glibc

/// The file of a listening unix socket (unix(7)).
struct SocketFile: Sendable {
    /// Where it is.
    let path: String
    /// The group that may open it, by its number; `nil` for the process's own.
    var group: UInt32?

    /// Why a socket cannot be had.
    struct Refused: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is in the way, and what to do.
        let description: String
        /// Whether another start makes nothing better: the path is wrong.
        var isWrongPath = false
    }

    /// Longest path: what NIO takes, on every system (`SocketAddress`, 103 bytes).
    static let longestPath = 103

    /// Whether the path may be bound: there is nothing, or what a dead process left behind, which goes when it is bound.
    ///
    /// - Throws: ``Refused`` when somebody listens there, or something else is in the way.
    func check() throws(Refused) {
        guard path.utf8.count <= Self.longestPath else {
            throw Refused(
                description:
                    "\(path) is longer than the \(Self.longestPath) bytes that a socket's path may have",
                isWrongPath: true)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return try checkFolder() }
            throw Refused(description: "\(path): \(String(cString: strerror(errno)))")
        }
        guard isSocket else {
            throw Refused(description: "\(path) is in the way: it is not a socket")
        }
        switch connect() {
        case 0: throw Refused(description: "another coordinator listens at \(path)")
        case ECONNREFUSED: return
        case let number: throw Refused(description: "\(path): \(String(cString: strerror(number)))")
        }
    }

    /// Whether there is a socket.
    var isSocket: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private func checkFolder() throws(Refused) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard access(folder + "/.", W_OK | X_OK) == 0 else {
            let number = errno
            throw Refused(
                description:
                    "\(folder): \(String(cString: strerror(number))); make it, or name another path for the socket",
                isWrongPath: number == ENOENT || number == ENOTDIR)
        }
    }

    /// Tries to connect. Returns 0, or the error's number.
    private func connect() -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? 0 : errno
    }

    /// Lets its owner and group connect, and nobody else. Until then the process's umask decides.
    func restrict() throws(Refused) {
        guard chmod(path, 0o600) == 0 else {
            throw Refused(description: "\(path): \(String(cString: strerror(errno)))")
        }
        if let group, chown(path, .max, group) != 0 {
            let words = String(cString: strerror(errno))
            throw Refused(
                description: "\(path) stays closed to its group, which this user has to be in: \(words)")
        }
        guard chmod(path, 0o660) == 0 else {
            throw Refused(description: "\(path): \(String(cString: strerror(errno)))")
        }
    }

    /// What tells the file from one that is put in its place.
    struct Identity: Hashable, Sendable {
        fileprivate let device: dev_t
        fileprivate let inode: ino_t
    }

    /// The file that is there now; `nil` without one.
    var identity: Identity? {
        var status = stat()
        return lstat(path, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }

    /// Removes the file, if it is still the one that `identity` is of.
    func remove(if identity: Identity) {
        if self.identity == identity { unlink(path) }
    }
}
