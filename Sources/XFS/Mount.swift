/// A mounted XFS file system.
public struct Mount: Hashable, Sendable {
    /// Where it is mounted.
    public let path: String
    /// What is mounted, such as `/dev/sda1`.
    public let source: String
    /// Whether it is mounted read-only.
    public let isReadOnly: Bool
    /// Device number as `major:minor`.
    public let device: String

    /// The XFS mounts that this process sees, one for each file system, from `/proc/self/mountinfo` (proc(5)).
    /// Where one is mounted several times, its first mount that can be written to.
    ///
    /// - Throws: ``SystemError`` of reading that file.
    public static func all() throws(SystemError) -> [Mount] {
        parse(try readProcFile("/proc/self/mountinfo"))
    }

    /// The XFS mounts in a text of the form of `/proc/self/mountinfo`.
    static func parse(_ text: String) -> [Mount] {
        var mounts: [Mount] = []
        for line in text.split(separator: "\n") {
            // 36 35 98:0 /root /mount rw,noatime master:1 - xfs /dev/sda1 rw,attr2
            let fields = line.split(separator: " ")
            guard let separator = fields.firstIndex(of: "-"), separator >= 6, fields.count > separator + 3,
                fields[separator + 1] == "xfs"
            else { continue }
            let isReadOnly = [fields[5], fields[separator + 3]].contains { options in
                options.split(separator: ",").contains("ro")
            }
            let mount = Mount(
                path: unescaped(fields[4]), source: unescaped(fields[separator + 2]), isReadOnly: isReadOnly,
                device: String(fields[2]))
            if let known = mounts.firstIndex(where: { $0.device == mount.device }) {
                if mounts[known].isReadOnly && !isReadOnly { mounts[known] = mount }
            } else {
                mounts.append(mount)
            }
        }
        return mounts
    }
}
