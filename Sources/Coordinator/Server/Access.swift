import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// Who may ask, and what they are called in the audit.
enum Access: Sendable {
    /// Anyone who may open the socket, called by the name of their user.
    case socket(Role)
    /// Anyone who has one of these tokens, called by its name.
    case tokens(TokenList)

    /// A secret and its name.
    struct Token: Hashable, Sendable {
        /// For the audit.
        var name: String
        var role = Role.operate
        /// What the client sends.
        var secret: String
    }

    /// The token that is `presented`; `nil` if there is none.
    ///
    /// Takes as long whichever it is: every token is compared, to its end.
    static func holder(of presented: String, among tokens: [Token]) -> Token? {
        var found: Token?
        for token in tokens where isSame(presented, token.secret) { found = token }
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

/// Finds out who asks, and which role they have; a token that is not known is refused here.
struct AccessMiddleware: RouterMiddleware {
    let access: Access
    /// The routes, to know those that anyone may ask.
    let routes: [Route]
    let refusals: RefusalLog

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        switch access {
        case .socket(let role):
            // One that cannot be asked who it is has gone: nothing is done for it.
            guard let peer = await peer(of: context.channel) else { throw CancellationError() }
            context.who = peer
            context.role = role
        case .tokens(let tokens):
            // That the process is there, and can work, is no secret: probes have no token.
            guard !isForAnyone(request) else { break }
            let words = request.headers[.authorization]?.split(separator: " ", maxSplits: 1) ?? []
            guard words.count == 2, words[0].lowercased() == "bearer",
                let token = tokens.admit(String(words[1]), on: context.channel)
            else {
                let why = words.isEmpty ? "a bearer token is needed" : "this bearer token is not known"
                refusals.add(nil, context, request, why)
                throw HTTPError(
                    .unauthorized, headers: [.wwwAuthenticate: "Bearer realm=\"reflow\""], message: why)
            }
            context.who = token.name
            context.role = token.role
        }
        return try await next(request, context)
    }

    private func isForAnyone(_ request: Request) -> Bool {
        routes.contains { $0.leastRole == .anyone && $0.matches(request.uri.path) }
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
