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
