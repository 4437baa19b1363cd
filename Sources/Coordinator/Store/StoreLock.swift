import Glibc

/// Keeps a second coordinator away from a store: a lock on a file beside it, which the kernel drops with the process,
/// however that ends. The file stays; to delete it would let two in.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// Locks `path`, a file that is made if it is not there, and writes the process's number into it.
    ///
    /// - Throws: ``StoreError`` `inUse`, naming the process that has it; `noFolder`; `cannotOpen`.
    init(path: String, for store: String) throws(StoreError) {
        // The property is set at the end: an object that is complete is closed again by its deinit.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            let number = errno
            guard number != ENOENT, number != ENOTDIR else {
                let folder = store.lastIndex(of: "/").map { String(store[..<$0]) } ?? "."
                throw StoreError(
                    .noFolder, "the folder \(folder) is missing: make it, or name another database")
            }
            let words = String(cString: strerror(number))
            guard ![EACCES, EPERM, EROFS].contains(number) else {
                throw StoreError(
                    .cannotOpen,
                    "cannot write \(path): \(words). Let this user write in that folder, or name another database"
                )
            }
            throw StoreError(.cannotOpen, "cannot open \(path): \(words)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard error == EWOULDBLOCK else {
                throw StoreError(.cannotOpen, "cannot lock \(path): \(String(cString: strerror(error)))")
            }
            throw StoreError(
                .inUse,
                "\(store) is in use by another coordinator\(holder.map { " (process \($0))" } ?? ""): stop it first, "
                    + "or give this one a database of its own")
        }
        let text = "\(getpid())\n"
        // For the message above only: a lock without a number is a lock.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.utf8.count, 0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The number that the lock's holder has written.
    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
