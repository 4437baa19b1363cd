import Glibc

/// A file that a program writes line by line, read as it grows.
final class GrowingText {
    private let path: String
    private var descriptor: CInt = -1
    private var rest: [UInt8] = []

    init(_ path: String) {
        self.path = path
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The lines that were completed since this was last asked.
    func newLines() -> [Substring] {
        if descriptor < 0 { descriptor = open(path, O_RDONLY | O_CLOEXEC) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { rest += buffer[..<count] }
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        defer { rest.removeFirst(end + 1) }
        return String(decoding: rest[..<end], as: UTF8.self).split(separator: "\n")
    }
}
