import Glibc
import Synchronization

/// A TCP relay on loopback that can stall or break connections: the faults of a network, on demand.
final class FaultyProxy: Sendable {
    private struct State {
        var holdsUp = false
        var holdsDown = false
        var sockets: [CInt] = []
        var isClosed = false
        var accepted = 0
    }

    /// Where clients connect to.
    let port: UInt16
    private let target: UInt16?
    private let cutsLogins: Bool
    private let listener: CInt
    private let state = Mutex(State())

    /// Relays to port `target` of loopback; without one it accepts, and never sends anything.
    ///
    /// With `cutsLogins` it breaks a connection when the client sends its login.
    init(to target: UInt16?, cutsLogins: Bool = false) throws {
        self.target = target
        self.cutsLogins = cutsLogins
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        // Small buffers, so that a reader who stops is noticed soon. Inherited by accepted sockets.
        var size: CInt = 16 << 10
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) | listen(listener, 16)
                    | getsockname(listener, address, &length)
            }
        }
        precondition(status == 0, "no port for the proxy")
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Self.thread { [self] in accept() }
    }

    /// Number of connections so far.
    var accepted: Int { state.withLock(\.accepted) }

    /// Holds back what clients send (`up`) or are sent (`down`), keeping the connections open.
    func hold(up: Bool, down: Bool) {
        state.withLock {
            $0.holdsUp = up
            $0.holdsDown = down
        }
    }

    /// Breaks the connections that exist.
    func cut() {
        for socket in state.withLock(\.sockets) { shutdown(socket, CInt(SHUT_RDWR)) }
    }

    /// Ends everything.
    func close() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, CInt(SHUT_RDWR))
        cut()
    }

    private func accept() {
        while case let client = Glibc.accept(listener, nil, nil), client >= 0 {
            state.withLock {
                $0.accepted += 1
                $0.sockets.append(client)
            }
            guard let target else { continue }
            let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            var address = Self.loopback(target)
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else {
                shutdown(client, CInt(SHUT_RDWR))
                continue
            }
            state.withLock { $0.sockets.append(server) }
            Self.thread { [self] in relay(client, server, isHeld: \.holdsUp) }
            Self.thread { [self] in relay(server, client, isHeld: \.holdsDown) }
        }
        Glibc.close(listener)
    }

    private func relay(_ source: CInt, _ sink: CInt, isHeld: any KeyPath<State, Bool> & Sendable) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var total = 0
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            // Polling: this is the fault injector, not the code under test.
            while state.withLock({ $0[keyPath: isHeld] && !$0.isClosed }) { usleep(5000) }
            total += count
            // A client begins with the 8 bytes of the protocol header.
            if cutsLogins, isHeld == \.holdsUp, total > 8 { break }
            var sent = 0
            while sent < count {
                let more = buffer.withUnsafeBytes {
                    send(sink, $0.baseAddress?.advanced(by: sent), count - sent, CInt(MSG_NOSIGNAL))
                }
                guard more > 0 else { break }
                sent += more
            }
            guard sent == count else { break }
        }
        shutdown(source, CInt(SHUT_RDWR))
        shutdown(sink, CInt(SHUT_RDWR))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Body(body))
        pthread_create(
            &thread, nil,
            {
                if let argument = $0 { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().call() }
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let call: @Sendable () -> Void
        init(_ call: @escaping @Sendable () -> Void) { self.call = call }
    }
}
