import Glibc

/// Leases on files (fcntl(2), `F_SETLEASE`), such as those that file servers give their clients: opening a file breaks one that is
/// in the way, which costs its holder its cache.
public enum Leases {
    /// Whether somebody has a lease for writing on the file with `status`, which opening it for reading would break. False where
    /// that cannot be determined.
    public static func areBroken(byReading status: FileStatus) -> Bool {
        guard let text = try? readKernelFile("/proc/locks") else { return false }
        return hasWriteLease(text, on: status)
    }

    /// Whether a text of the form of `/proc/locks` (proc(5)) has a lease for writing on the file with `status`.
    static func hasWriteLease(_ text: String, on status: FileStatus) -> Bool {
        let parts = status.deviceName.split(separator: ":").compactMap { UInt64($0) }
        return text.split(separator: "\n").contains { line in
            // 1: LEASE  ACTIVE    WRITE 4242 07:00:131 0 EOF
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[1] == "LEASE" || fields[1] == "DELEG", fields[3] == "WRITE" else {
                return false
            }
            let place = fields[5].split(separator: ":")
            return place.count == 3
                && place.prefix(2).compactMap { UInt64($0, radix: 16) } == parts
                && UInt64(place[2]) == status.inode
        }
    }
}
