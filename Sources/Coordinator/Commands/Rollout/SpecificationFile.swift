import ArgumentParser
import DefragTypes
import Glibc
import YAML

/// A specification's text: of a file, or of stdin where `-` stands for it.
///
/// - Throws: ``Failure`` that says why it cannot be read.
func specification(_ path: String) throws(Failure) -> String {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(.usage, "\(path): \(String(cString: strerror(errno)))") }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    // A little more than is read: how much more does not matter.
    while bytes.count <= YAMLNode.maxBytes {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Failure(.usage, "\(path): \(String(cString: strerror(errno)))") }
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    guard bytes.count <= YAMLNode.maxBytes else {
        throw Failure(.usage, "\(path) has more than 1 MiB: that is no specification")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure(.usage, "\(path) is not UTF-8")
    }
    return text
}
