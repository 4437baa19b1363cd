import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// Who may ask, and what they are called in the audit.
enum Access: Sendable {
    /// Whoever may open the socket; called by the name of their user.
    case socket
    /// Whoever has one of these tokens; called by its name.
    case tokens([Token])

    /// A secret and its name.
    struct Token: Hashable, Sendable {
        /// For the audit.
        var name: String
        /// What the client sends.
        var secret: String
    }

    /// The name of the token that is `presented`; `nil` if there is none.
    ///
    /// Takes as long whichever it is: every token is compared, to its end.
    static func holder(of presented: String, among tokens: [Token]) -> String? {
        var found: String?
        for token in tokens where isSame(presented, token.secret) { found = token.name }
        return found
    }

    private static func isSame(_ presented: String, _ secret: String) -> Bool {
        let left = Array(presented.utf8)
        let right = Array(secret.utf8)
        guard !right.isEmpty else { return false }
        var difference = left.count ^ right.count
        for index in left.indices { difference |= Int(left[index] ^ right[index % right.count]) }
        return difference == 0
    }
}

/// Lets in who may ask.
struct AccessMiddleware: RouterMiddleware {
    let access: Access

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        switch access {
        case .socket:
            context.who = await peer(of: context.channel) ?? "local"
        case .tokens(let tokens):
            // That the process is there, and can work, is no secret: probes have no token.
            guard !["/healthz", "/readyz"].contains(request.uri.path) else { break }
            let words = request.headers[.authorization]?.split(separator: " ", maxSplits: 1) ?? []
            guard words.count == 2, words[0].lowercased() == "bearer",
                let name = Access.holder(of: String(words[1]), among: tokens)
            else {
                throw HTTPError(
                    .unauthorized, headers: [.wwwAuthenticate: "Bearer realm=\"reflow\""],
                    message: words.isEmpty ? "a bearer token is needed" : "this bearer token is not known")
            }
            context.who = name
        }
        return try await next(request, context)
    }

    /// The user at the other end of a unix socket (unix(7), SO_PEERCRED).
    private func peer(of channel: any Channel) async -> String? {
        /// `struct ucred`.
        struct Credentials: Sendable {
            var process: pid_t
            var user: uid_t
            var group: gid_t
        }
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let name = NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        let credentials: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(
            level: .socket, name: name)
        guard let user = try? await credentials.get().user else { return nil }
        return UserNames.shared.name(of: user) ?? "uid \(user)"
    }
}
