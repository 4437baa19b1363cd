/// The request queue of a block device, as sysfs describes it (Documentation/ABI/stable/sysfs-block).
public struct BlockQueue: Hashable, Sendable {
    /// How many requests the device takes at once; whoever asks for more waits for one that is free (`nr_requests`).
    public let requests: Int

    /// The queue of the device numbered `device` (`st_dev`), or of the disk that it is a partition of; `nil` where sysfs says
    /// nothing of it.
    public init?(device: UInt64) {
        let number =
            "\((device >> 8) & 0xfff | (device >> 32) & ~0xfff):\(device & 0xff | (device >> 12) & ~0xff)"
        let requests = ["queue", "../queue"].lazy.compactMap { folder in
            (try? readKernelFile("/sys/dev/block/\(number)/\(folder)/nr_requests"))?.split(separator: "\n")
                .first
        }
        guard let requests = requests.first.flatMap({ Int($0) }), requests > 0 else { return nil }
        self.requests = requests
    }
}
