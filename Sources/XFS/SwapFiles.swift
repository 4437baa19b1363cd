import Glibc

/// The swap files that are in use, by device and inode: so that one is recognised without being opened for writing.
public struct SwapFiles: Hashable, Sendable {
    private struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    private let identities: Set<Identity>

    /// No swap files.
    public init() {
        identities = []
    }

    /// Those in `/proc/swaps` (proc(5)); none where that cannot be read.
    public static func active() -> SwapFiles {
        SwapFiles(paths: (try? readKernelFile("/proc/swaps")).map(paths) ?? [])
    }

    private init(paths: [String]) {
        identities = Set(
            paths.compactMap { path in
                var status = stat()
                guard stat(path, &status) == 0 else { return nil }
                return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            })
    }

    /// Whether the file with `status` is one of them.
    public func contains(_ status: FileStatus) -> Bool {
        identities.contains(Identity(device: status.device, inode: status.inode))
    }

    /// The paths of files in a text of the form of `/proc/swaps`: a heading, then a line each of path, type (`file`
    /// or `partition`), size, use and priority.
    static func paths(_ text: String) -> [String] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split { $0 == " " || $0 == "\t" }
            guard fields.count >= 2, fields[1] == "file" else { return nil }
            return unescaped(fields[0])
        }
    }
}
