import Glibc

/// The running kernel's version.
public struct KernelRelease: Hashable, Sendable, CustomStringConvertible {
    /// As `uname -r` says, such as `6.1.0-18-amd64`.
    public let description: String
    /// Version, patch level and sublevel; zero where the text has no such number.
    public let numbers: [Int]

    /// The kernel that runs now, uname(2).
    public static var current: KernelRelease {
        var names = utsname()
        guard uname(&names) == 0 else { return KernelRelease("unknown") }
        return KernelRelease(
            withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }

    /// Reads the beginning of `text`, `major.minor.sublevel`.
    public init(_ text: String) {
        description = text
        let parts = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").prefix(3).map {
            Int($0) ?? 0
        }
        numbers = parts + Array(repeating: 0, count: 3 - parts.count)
    }

    /// Whether unsharing can lose data, whatever else of the file is shared: it writes back a wrong range, as an end is
    /// used as a length (xfs_reflink_unshare, fs/xfs/xfs_reflink.c). From Linux 5.10 on; fixed in 5.13.
    public var losesDataWhateverIsShared: Bool {
        !numbers.lexicographicallyPrecedes([5, 10]) && numbers.lexicographicallyPrecedes([5, 13])
    }

    /// Whether unsharing the *last* shared extent of a file can lose data: copy-on-write blocks are freed under dirty page
    /// cache. From Linux 5.10 on, and in kernels of distributions that carry a newer XFS under an older number; fixed by
    /// commit 4390f019ad78 in 6.12 and 6.6.79.
    public var losesDataWhenUnsharing: Bool {
        if numbers.starts(with: [6, 6]) { return numbers[2] < 79 }
        return numbers.lexicographicallyPrecedes([6, 12])
    }
}
