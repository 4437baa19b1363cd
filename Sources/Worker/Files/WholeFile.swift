import Glibc
import XFS

/// The first MiB of the file at `path`: small files, which are read whole.
func contents(of path: String) throws(SystemError) -> [UInt8] {
    guard let file = fopen(path, "re") else { throw SystemError(errno: errno, operation: path, on: .path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        guard count > 0, bytes.count < 1 << 20 else { break }
        bytes += buffer[..<count]
    }
    guard ferror(file) == 0 else { throw SystemError(errno: EIO, operation: path) }
    return bytes
}

/// Replaces the file at `path`, which is for its owner alone, or leaves it as it was; on disk when this returns.
///
/// - Throws: ``SystemError`` of open(2), write(2), fsync(2) or rename(2).
func replaceFile(at path: String, with bytes: [UInt8]) throws(SystemError) {
    let new = path + ".new"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError(errno: errno, operation: new, on: .path) }
    let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    let failure = isWritten ? 0 : errno
    close(descriptor)
    guard isWritten else {
        unlink(new)
        // A short write leaves no error: the disk was full.
        throw SystemError(errno: failure == 0 ? ENOSPC : failure, operation: new)
    }
    guard rename(new, path) == 0 else { throw SystemError(errno: errno, operation: path, on: .path) }
    let name = path.utf8.reversed().prefix { $0 != UInt8(ascii: "/") }
    let parent = open(String(path.utf8.dropLast(name.count)) ?? "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    fsync(parent)
    close(parent)
}
