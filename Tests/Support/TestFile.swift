import Glibc

/// A file that a test writes: the calls of a guest, as bare as possible. Failed calls trap: tests need no recovery.
public struct TestFile: ~Copyable, Sendable {
    /// Its path.
    public let path: String
    private let descriptor: CInt

    #if arch(x86_64)
        private static let direct: CInt = 0o40000  // O_DIRECT, a GNU extension that Swift does not see
    #else
        private static let direct: CInt = 0o200000
    #endif

    /// Opens or makes the file at `path`; `direct` for O_DIRECT.
    public init(_ path: String, direct: Bool = false) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (direct ? Self.direct : 0), 0o600)
        precondition(descriptor >= 0, "open \(path): error \(errno)")
    }

    deinit {
        close(descriptor)
    }

    /// Writes `bytes` at `offset`.
    public borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        let count = pwrite(descriptor, bytes.baseAddress, bytes.count, Int(offset))
        precondition(count == bytes.count, "pwrite \(path): \(count), error \(errno)")
    }

    /// Writes the pattern of `seed` to `range`.
    public borrowing func fill(_ range: Range<Int64>, seed: UInt64 = 1) {
        let step: Int64 = 1 << 20
        withUnsafeTemporaryAllocation(byteCount: Int(step), alignment: 4096) { buffer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let length = Int(min(step, range.upperBound - offset))
                var random = Xorshift(seed: seed &+ UInt64(offset))
                for index in stride(from: 0, to: length - 7, by: 8) {
                    buffer.storeBytes(of: random.next(), toByteOffset: index, as: UInt64.self)
                }
                for index in length / 8 * 8..<length {
                    buffer[index] = UInt8(truncatingIfNeeded: random.next())
                }
                write(UnsafeRawBufferPointer(rebasing: buffer[0..<length]), at: offset)
                offset += Int64(length)
            }
        }
    }

    /// Reads `length` bytes at `offset`; fewer at the end.
    public borrowing func read(_ length: Int, at offset: Int64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            let result = pread(descriptor, buffer.baseAddress, length, Int(offset))
            precondition(result >= 0, "pread \(path): error \(errno)")
            count = result
        }
    }

    /// ftruncate(2).
    public borrowing func truncate(to size: Int64) {
        precondition(ftruncate(descriptor, Int(size)) == 0, "ftruncate \(path): error \(errno)")
    }

    /// Allocates `range` without writing to it, and without changing the size.
    public borrowing func preallocate(_ range: Range<Int64>) throws {
        try Tool.run("fallocate", "-n", "-o", "\(range.lowerBound)", "-l", "\(range.count)", path)
    }

    /// Makes a hole of `range`.
    public borrowing func punch(_ range: Range<Int64>) throws {
        try Tool.run("fallocate", "-p", "-o", "\(range.lowerBound)", "-l", "\(range.count)", path)
    }

    /// fsync(2).
    public borrowing func synchronize() {
        precondition(fsync(descriptor) == 0, "fsync \(path): error \(errno)")
    }

    /// Shares `range` of `source` at `offset` of this file, FICLONERANGE.
    public borrowing func clone(_ range: Range<Int64>, of source: borrowing TestFile, to offset: Int64) {
        // struct file_clone_range, linux/fs.h
        var arguments: (Int64, UInt64, UInt64, UInt64) = (
            Int64(source.descriptor), UInt64(range.lowerBound), UInt64(range.upperBound - range.lowerBound),
            UInt64(offset)
        )
        precondition(ioctl(descriptor, 0x4020_940D, &arguments) == 0, "clone to \(path): error \(errno)")
    }

    /// Maps `length` bytes from the start to write to, hands them to `body`, and unmaps them.
    public borrowing func withMapping(_ length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else { fatalError("mmap \(path): error \(errno)") }
        body(UnsafeMutableRawBufferPointer(start: base, count: length))
        munmap(base, length)
    }
}

/// A reproducible random number generator (xorshift64*, Vigna 2016).
public struct Xorshift: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The sequence of `seed`.
    public init(seed: UInt64) {
        state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    public mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
