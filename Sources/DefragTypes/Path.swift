// Paths are bytes, and `/` is one of them: a mark that combines with the slash before it makes one `Character` with it, and to
// `String` two names that are written differently (é as one scalar or as two) are equal. To the kernel they are two files.

extension StringProtocol {
    /// The names between its slashes; none where two slashes follow each other.
    public var pathComponents: [String] {
        utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The last of the names between its slashes; itself where there is none.
    public var lastPathComponent: String { pathComponents.last ?? String(self) }

    /// Whether it begins with a slash.
    public var isAbsolutePath: Bool { utf8.first == UInt8(ascii: "/") }

    /// What of it lies beneath `folder`, without slashes at its start; `nil` where it does not, empty for the folder itself.
    public func path(beneath folder: some StringProtocol) -> String? {
        let slash = UInt8(ascii: "/")
        let prefix = folder.utf8.reversed().drop { $0 == slash }.count
        guard utf8.starts(with: folder.utf8.prefix(prefix)), isAbsolutePath == folder.isAbsolutePath else {
            return nil
        }
        let rest = utf8.dropFirst(prefix)
        guard rest.first ?? slash == slash else { return nil }
        return String(decoding: rest.drop { $0 == slash }, as: UTF8.self)
    }
}

/// A path, or a name in one, as a key and in comparisons: equal to another only where all bytes are.
public struct PathKey: Hashable, Comparable, Sendable {
    /// The path.
    public let path: String

    /// `path` as a key.
    public init(_ path: String) { self.path = path }

    public static func == (left: PathKey, right: PathKey) -> Bool {
        left.path.utf8.elementsEqual(right.path.utf8)
    }

    public static func < (left: PathKey, right: PathKey) -> Bool {
        left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var path = path
        path.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
