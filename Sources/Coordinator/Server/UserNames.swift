import Glibc
import Synchronization

/// Users by their numbers. Each is asked for once: where users come from a directory service, that takes its time, and holds up
/// a thread that others share.
final class UserNames: Sendable {
    /// Those of this machine.
    static let shared = UserNames(lookingUp: entry)

    private let found = Mutex<[uid_t: String]>([:])
    private let lookUp: @Sendable (uid_t) -> String?

    init(lookingUp lookUp: @escaping @Sendable (uid_t) -> String?) {
        self.lookUp = lookUp
    }

    /// The name of a user; `nil` for one without an entry, who is asked for again the next time.
    func name(of user: uid_t) -> String? {
        if let name = found.withLock({ $0[user] }) { return name }
        guard let name = lookUp(user) else { return nil }
        found.withLock { $0[user] = name }
        return name
    }

    /// The user's entry (getpwuid_r(3)).
    @Sendable private static func entry(_ user: uid_t) -> String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil,
            let name = entry.pw_name
        else { return nil }
        return String(cString: name)
    }
}
