import Glibc

/// What a file system lies on, where that takes space as it is written to: then the file system's free space says nothing of the
/// space beneath it.
public enum ThinDevice: Hashable, Sendable {
    /// A file with holes, by its path, through a loop device.
    case sparseFile(String)
    /// A thin volume or a compressed one (VDO) of LVM.
    case thinVolume
    /// A volume of LVM of which there is a snapshot: the first write to each of its blocks since is a copy into the snapshot's space.
    case snapshotOrigin
    /// A snapshot of LVM.
    case snapshot
    /// A disk that says so itself: the `LBPME` bit of SCSI's READ CAPACITY (16).
    case thinDisk

    /// Asks sysfs about a block device and those beneath it. What is thin on another machine is not seen.
    ///
    /// - Parameters:
    ///   - number: the device, `major:minor`.
    ///   - root: where sysfs is mounted, sysfs(5).
    /// - Returns: the first that is known to grow; `nil` for none.
    public static func find(beneath number: String, sysfs root: String = "/sys") -> ThinDevice? {
        find(at: "\(root)/dev/block/\(number)", depth: 0)
    }

    /// Devices lie on devices: no more than some of them on each other.
    private static let mostDepth = 8

    private static func find(at device: String, depth: Int) -> ThinDevice? {
        guard depth < mostDepth else { return nil }
        if (try? readKernelFile(device + "/partition")) != nil {
            return find(at: device + "/..", depth: depth + 1)
        }
        if let path = line(of: device + "/loop/backing_file"), isSparse(path) { return .sparseFile(path) }
        for disk in names(in: device + "/device/scsi_disk")
        where line(of: "\(device)/device/scsi_disk/\(disk)/thin_provisioning") == "1" { return .thinDisk }
        let beneath = names(in: device + "/slaves").map { "\(device)/slaves/\($0)" }
        // LVM calls the hidden devices beneath a volume after what they are there for (lib/misc/lvm-string.c).
        let layers = beneath.compactMap { line(of: $0 + "/dm/uuid") }.filter { $0.hasPrefix("LVM-") }
        func has(_ layer: String) -> Bool { layers.contains { $0.hasSuffix(layer) } }
        if has("-tpool") || has("-vpool") { return .thinVolume }
        if has("-cow") { return .snapshot }
        if has("-real") { return .snapshotOrigin }
        return beneath.lazy.compactMap { find(at: $0, depth: depth + 1) }.first
    }

    private static func isSparse(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return Int64(status.st_blocks) * 512 < Int64(status.st_size)
    }

    private static func line(of path: String) -> String? {
        guard let text = try? readKernelFile(path) else { return nil }
        return String(decoding: text.utf8.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static func names(in folder: String) -> [String] {
        guard var listing = try? Listing(of: folder) else { return [] }
        var names: [String] = []
        while let entry = try? listing.next() { names.append(entry.name) }
        return names.sorted()
    }
}
