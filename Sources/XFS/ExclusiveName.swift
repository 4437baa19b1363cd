import CLinux

/// A name that only one process of this host can hold at a time; free again when it is given up, however the
/// process ends: a socket in the abstract namespace, unix(7), which belongs to the network namespace.
public struct ExclusiveName: ~Copyable, Sendable {
    private let socket: Descriptor

    /// Takes `name`, at most 107 bytes.
    ///
    /// - Throws: ``SystemError``: `EADDRINUSE` when somebody holds it.
    public init(_ name: String) throws(SystemError) {
        socket = Descriptor(owning: try system("bind") { clinux_bind_abstract(name) })
    }
}
