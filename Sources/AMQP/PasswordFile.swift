import Glibc

/// A file with a password and nothing else: the password itself is not in a URL then, and can be changed while a program runs.
public struct PasswordFile: Hashable, Sendable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// Most bytes of a password.
    private static let mostBytes = 4096

    /// Reads it; a line break at its end does not count.
    ///
    /// - Throws: ``AMQPError`` with the code `unreachable`, as it may be there the next time: it cannot be read, is empty or too
    ///   long, or others than its owner and group may read it, as with a private key of ssh.
    public func read() throws(AMQPError) -> String {
        func refused(_ why: String) -> AMQPError {
            AMQPError(.unreachable, "the password file \(path) \(why)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw refused("cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refused("is no file")
        }
        guard status.st_mode & 0o007 == 0 else { throw refused("is open to everybody: chmod o= '\(path)'") }
        var bytes = [UInt8](repeating: 0, count: Self.mostBytes + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw refused("cannot be read: \(String(cString: strerror(errno)))") }
        guard count <= Self.mostBytes else { throw refused("is too long to be a password") }
        var password = bytes[..<count]
        if password.last == UInt8(ascii: "\n") { password.removeLast() }
        if password.last == UInt8(ascii: "\r") { password.removeLast() }
        guard !password.isEmpty, !password.contains(0), let text = String(validating: password, as: UTF8.self)
        else { throw refused("has no password in it") }
        return text
    }
}

extension Endpoint {
    /// Takes the password from the file at `path` at each login from now on.
    ///
    /// - Throws: ``AMQPError`` where the URL has a password, too, or the file cannot be read.
    public mutating func usePasswordFile(_ path: String) throws(AMQPError) {
        // Without a login in the URL it is RabbitMQ's own.
        guard ["", "guest"].contains(password) else {
            throw AMQPError(.invalidURL, "the URL has a password, too: take it out of there")
        }
        _ = try PasswordFile(path: path).read()
        passwordFile = PasswordFile(path: path)
    }

    /// The password to log in with, read anew where it is in a file.
    func currentPassword() throws(AMQPError) -> String {
        guard let passwordFile else { return password }
        return try passwordFile.read()
    }
}
