import Glibc

/// Where the API listens.
struct Listeners: Hashable, Sendable {
    /// Path of the unix socket.
    var socket: String
    /// Another one, for those who may look and change nothing; `nil` for none.
    var readSocket: ReadSocket?
    /// Also by TCP; `nil` for not.
    var tcp: TCP?

    /// A socket whose clients have the role `read`.
    struct ReadSocket: Hashable, Sendable {
        var path: String
        /// The group that may open it, by its number; `nil` for the process's own.
        var group: UInt32?
    }

    /// Listening by TCP.
    struct TCP: Hashable, Sendable {
        /// Address or name to listen at.
        var address = "127.0.0.1"
        /// Port; 0 for any that is free.
        var port: Int
        /// Who may ask; at least one.
        var tokens: [Access.Token]
        /// Where they are from.
        var tokenFile: String
        /// Speaks TLS with this certificate; `nil` for clear text.
        var certificate: Certificates.Files?

        /// Whether tokens travel in clear text beyond this machine.
        var isInsecure: Bool { certificate == nil && !isLoopback(address) }
    }

    /// The sockets, and the role of their clients.
    var sockets: [(file: SocketFile, role: Role)] {
        var sockets = [(file: SocketFile(path: socket), role: Role.operate)]
        if let readSocket {
            sockets.append((SocketFile(path: readSocket.path, group: readSocket.group), .read))
        }
        return sockets
    }
}

/// Whether nothing that is sent to `address` leaves the machine. Of names, only `localhost` is known to be so.
func isLoopback(_ address: String) -> Bool {
    var four = in_addr()
    if inet_pton(AF_INET, address, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
    var six = in6_addr()
    guard inet_pton(AF_INET6, address, &six) == 1 else { return address.lowercased() == "localhost" }
    let bytes = withUnsafeBytes(of: six) { Array($0) }
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
    return bytes == Array(repeating: 0, count: 15) + [1] || (isMapped && bytes[12] == 127)
}
