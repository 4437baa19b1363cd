import Glibc

/// Waits until the released `name` of the abstract namespace is free: a program that another test starts at this moment
/// has a copy of the socket until its exec.
///
/// - Throws: ``Tool/Failure`` when it is held for five seconds more.
public func awaitRelease(ofName name: String) throws {
    for _ in 0..<500 {
        let sockets = try Tool.run("cat", "/proc/net/unix")
        guard sockets.contains("@\(name)\n") else { return }
        usleep(10_000)
    }
    throw Tool.Failure(description: "@\(name) is still held")
}
