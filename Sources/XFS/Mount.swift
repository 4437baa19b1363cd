/// A mounted file system.
public struct Mount: Hashable, Sendable {
    /// Where it is mounted.
    public let path: String
    /// Device number as `major:minor`: the same for all mounts of one file system.
    public let device: String
    /// What kind of file system it is, such as `xfs`.
    public let type: String

    public init(path: String, device: String, type: String = "xfs") {
        self.path = path
        self.device = device
        self.type = type
    }

    /// The mounts that this process sees, in the order in which they were made, from `/proc/self/mountinfo` (proc(5)). Asks no file
    /// system.
    ///
    /// - Throws: ``SystemError`` of reading that file.
    public static func all() throws(SystemError) -> [Mount] {
        parse(try readKernelFile("/proc/self/mountinfo"))
    }

    /// The mounts in a text of the form of `/proc/self/mountinfo`.
    static func parse(_ text: String) -> [Mount] {
        text.split(separator: "\n").compactMap { line in
            // 36 35 98:0 /root /mount rw,noatime master:1 - xfs /dev/sda1 rw,attr2
            let fields = line.split(separator: " ")
            guard let separator = fields.firstIndex(of: "-"), separator >= 6, fields.count > separator + 2
            else { return nil }
            return Mount(
                path: unescaped(fields[4]), device: String(fields[2]), type: String(fields[separator + 1]))
        }
    }
}
