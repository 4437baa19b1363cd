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

    /// Undoes the octal escapes (`\040` for a space) of the kernel's mangle().
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
