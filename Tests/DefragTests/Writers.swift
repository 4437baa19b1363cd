import Dispatch
import Support
import Synchronization

/// Three guests that write random blocks of a file, each in its own way to its own third of the blocks.
final class Writers: Sendable {
    private enum Way: Int, CaseIterable {
        case buffered, direct, mapped
    }

    private let blocks: Int
    private let path: String
    private let isDone = Atomic(false)
    private let written = Mutex<[Int: UInt8]>([:])
    private let group = DispatchGroup()

    /// Starts them on the file at `path` of `size` bytes; all of them have written something on return.
    init(size: Int64, path: String) {
        blocks = Int(size / 4096)
        self.path = path
        let started = DispatchSemaphore(value: 0)
        for way in Way.allCases {
            DispatchQueue(label: "writer").async(group: group) { self.write(way) { started.signal() } }
        }
        for _ in Way.allCases { started.wait() }
    }

    /// Stops them.
    ///
    /// - Returns: the blocks that were written, and the byte that each was last filled with.
    func stop() -> [Int: UInt8] {
        isDone.store(true, ordering: .relaxed)
        group.wait()
        return written.withLock { $0 }
    }

    private func write(_ way: Way, onFirst: () -> Void) {
        let file = TestFile(path, direct: way == .direct)
        switch way {
        case .mapped:
            file.withMapping(blocks * 4096) { memory in
                repeatedly(way, onFirst) { block, value in
                    UnsafeMutableRawBufferPointer(rebasing: memory[block * 4096..<(block + 1) * 4096])
                        .copyBytes(from: repeatElement(value, count: 4096))
                }
            }
        case .buffered, .direct:
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 4096) { buffer in
                repeatedly(way, onFirst) { block, value in
                    buffer.copyBytes(from: repeatElement(value, count: 4096))
                    file.write(UnsafeRawBufferPointer(buffer), at: Int64(block) * 4096)
                }
            }
        }
    }

    private func repeatedly(_ way: Way, _ onFirst: () -> Void, _ store: (Int, UInt8) -> Void) {
        var random = Xorshift(seed: UInt64(way.rawValue))
        var values: [Int: UInt8] = [:]
        var isStarted = false
        while !isDone.load(ordering: .relaxed) {
            let block = Int.random(in: 0..<blocks / 3, using: &random) * 3 + way.rawValue
            let value = UInt8.random(in: 1...255, using: &random)
            store(block, value)
            values[block] = value
            if !isStarted { onFirst() }
            isStarted = true
        }
        written.withLock { $0.merge(values) { $1 } }
    }
}
