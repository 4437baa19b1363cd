import CLinux

/// A name that only one process of this host can hold at a time; free again when the process releases it or ends,
/// however it ends: a socket in the abstract namespace, unix(7), which belongs to the network namespace.
public struct ExclusiveName: ~Copyable, Sendable {
    private let socket: Descriptor

    /// Takes `name`, at most 107 bytes.
    ///
    /// - Throws: ``SystemError``: `EADDRINUSE` when it is held.
    public init(_ name: String) throws(SystemError) {
        socket = Descriptor(owning: try system("bind") { clinux_bind_abstract(name) })
    }
}
