import CGuest
import Glibc

/// A file that a test writes: the system calls of a guest. Failed calls trap: tests need no recovery.
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
    public borrowing func preallocate(_ range: Range<Int64>) {
        allocate(cguest_preallocate, range)
    }

    /// Makes a hole of `range`.
    public borrowing func punch(_ range: Range<Int64>) {
        allocate(cguest_punch, range)
    }

    /// Makes `range` read as zeros, and allocates it; the file grows if that is beyond its end.
    public borrowing func zero(_ range: Range<Int64>) {
        allocate(cguest_zero, range)
    }

    /// Removes `range`, whole blocks before the end, from the file: what follows moves up.
    public borrowing func collapse(_ range: Range<Int64>) {
        allocate(cguest_collapse, range)
    }

    /// Inserts space at `range`, whole blocks before the end: what follows moves down.
    public borrowing func insert(_ range: Range<Int64>) {
        allocate(cguest_insert, range)
    }

    private borrowing func allocate(_ mode: CInt, _ range: Range<Int64>) {
        let result = cguest_fallocate(descriptor, mode, range.lowerBound, Int64(range.count))
        precondition(result == 0, "fallocate \(path), mode \(mode), \(range): error \(-result)")
    }

    /// Sets the allocation size hints in bytes, zero for none. XFS takes the one for `extents` only while the file is
    /// empty.
    public borrowing func setHints(extents: UInt32, copyOnWrite: UInt32) {
        let result = cguest_set_hints(descriptor, extents, copyOnWrite)
        precondition(result == 0, "hints of \(path): error \(-result)")
    }

    /// The names of its extended attributes.
    public borrowing func attributeNames() -> [String] {
        var names = [CChar](repeating: 0, count: 65536)
        let length = cguest_attributes(descriptor, &names, names.count)
        precondition(length >= 0, "flistxattr \(path): error \(-length)")
        return names.prefix(Int(length)).split(separator: 0).map {
            String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Becomes a reflink copy of `source` as a whole, FICLONE.
    public borrowing func become(copyOf source: borrowing TestFile) {
        let result = cguest_clone(source.descriptor, descriptor)
        precondition(result == 0, "clone to \(path): error \(-result)")
    }

    /// Writes the dirty pages of `range` to the device, sync_file_range(2): no metadata, no flush.
    public borrowing func writeBack(_ range: Range<Int64>) {
        let result = cguest_write_back(descriptor, range.lowerBound, Int64(range.count))
        precondition(result == 0, "sync_file_range \(path): error \(-result)")
    }

    /// Drops its clean pages from the page cache: the next read comes from the device.
    public borrowing func dropCache() {
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// Its size in bytes.
    public borrowing func size() -> Int64 {
        var status = stat()
        precondition(fstat(descriptor, &status) == 0, "fstat \(path): error \(errno)")
        return Int64(status.st_size)
    }

    /// fsync(2).
    public borrowing func synchronize() {
        precondition(fsync(descriptor) == 0, "fsync \(path): error \(errno)")
    }

    /// Reads into `buffer` from `offset` on.
    ///
    /// - Returns: bytes read; fewer than asked for at the end.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        let count = pread(descriptor, buffer.baseAddress, buffer.count, Int(offset))
        precondition(count >= 0, "pread \(path) at \(offset): error \(errno)")
        return count
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

    /// Maps `length` bytes from the start for writing, calls `body` with them, and unmaps them.
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
