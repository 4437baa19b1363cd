/// The request queue of a block device, as sysfs describes it (Documentation/ABI/stable/sysfs-block).
public struct BlockQueue: Hashable, Sendable {
    /// How many requests the device takes at once; whoever asks for more waits for one that is free (`nr_requests`).
    public let requests: Int

    /// The queue of the device `number` (`major:minor`), or of the disk that it is a partition of; `nil` where sysfs says nothing of
    /// it.
    public init?(of number: String) {
        let requests = ["queue", "../queue"].lazy.compactMap {
            try? readKernelFile("/sys/dev/block/\(number)/\($0)/nr_requests")
        }
        guard let requests = requests.first?.split(separator: "\n").first.flatMap({ Int($0) }), requests > 0
        else { return nil }
        self.requests = requests
    }
}
