import CLinux
import Glibc

/// A name that only one process of this host can hold at a time; free again when the process releases it or ends,
/// however it ends.
///
/// It is a socket in the abstract namespace, unix(7), which belongs to the network namespace. Any user may bind any name there, so
/// that one that neither root nor this user nor the one concerned has bound keeps nobody out. Root's processes then know of
/// each other by a lock in a file that nobody else can open.
public struct ExclusiveName: ~Copyable, Sendable {
    private let socket: Descriptor?
    private let lock: Descriptor?

    private static let folder = "/run/reflow-worker"

    /// Takes `name`, at most 107 bytes. The user `owner`, whom it concerns, may hold it, too.
    ///
    /// - Throws: ``SystemError``: `EADDRINUSE` when it is held.
    public init(_ name: String, besideOwner owner: UInt32) throws(SystemError) {
        let lock = try Self.lock(name)
        let isLocked = lock != nil
        socket = try Self.socket(name, besideOwner: owner, isLocked: isLocked)
        self.lock = lock
    }

    /// The socket; none where a foreign one has the name.
    private static func socket(
        _ name: String, besideOwner owner: UInt32, isLocked: Bool
    ) throws(SystemError) -> Descriptor? {
        do throws(SystemError) {
            return Descriptor(owning: try system("bind") { clinux_bind_abstract(name) })
        } catch {
            var holder: UInt32 = 0
            let isKnown = clinux_owner_of_abstract(name, &holder) == 0
            let isForeign = isKnown ? ![0, geteuid(), owner].contains(holder) : isLocked
            guard error.errno == EADDRINUSE, isForeign else { throw error }
            return nil
        }
    }

    /// Root's lock on `name`; none for other users, and where the folder cannot be made.
    private static func lock(_ name: String) throws(SystemError) -> Descriptor? {
        guard geteuid() == 0 else { return nil }
        let number = clinux_open_private(folder, "claims")
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        // A byte for each name (FNV-1a): two names that meet are as good as never at work at once.
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let result = clinux_lock_byte(number, Int64(hash >> 2))
        if result == -EAGAIN || result == -EACCES {
            throw SystemError(errno: EADDRINUSE, operation: "lock")
        }
        return result == 0 ? .some(file) : nil
    }
}
