import HTTPTypes
import Hummingbird
import Logging

/// One thing that the API can be asked for.
struct Route: Sendable {
    /// How.
    let method: HTTPRequest.Method
    /// Where, as in the OpenAPI document: `/v1/rollouts/{id}`.
    let path: String
    /// Answers.
    let answer: @Sendable (Request, APIContext) async throws -> Response

    /// Who may ask for what: the least role for each route. What is not listed takes `operate`.
    static let leastRoles: [String: Role] = [
        "GET /healthz": .anyone,
        "GET /readyz": .anyone,
        "GET /v1/hosts": .read,
        "DELETE /v1/hosts/{name}": .operate,
        "PUT /v1/hosts/{name}/hold": .operate,
        "DELETE /v1/hosts/{name}/hold": .operate,
        // It touches no file, but keeps the hosts busy.
        "POST /v1/surveys": .operate,
        "GET /v1/surveys/{id}": .read,
        "POST /v1/plans": .operate,
        "GET /v1/plans/{id}": .read,
        "GET /v1/rollouts": .read,
        "POST /v1/rollouts": .operate,
        "GET /v1/rollouts/{id}": .read,
        "GET /v1/rollouts/{id}/hosts": .read,
        "GET /v1/rollouts/{id}/targets": .read,
        "POST /v1/rollouts/{id}/pause": .operate,
        "POST /v1/rollouts/{id}/resume": .operate,
        "POST /v1/rollouts/{id}/cancel": .operate,
        "POST /v1/rollouts/{id}/retry": .operate,
        "PATCH /v1/rollouts/{id}/policy": .operate,
        "GET /v1/dead-letters": .read,
        "GET /v1/dead-letters/{id}": .read,
        "POST /v1/dead-letters/{id}/requeue": .operate,
        "DELETE /v1/dead-letters/{id}": .operate,
        "GET /v1/events": .read,
        "GET /v1/audit": .read,
        "GET /v1/stream": .read,
    ]

    init(
        _ method: HTTPRequest.Method, _ path: String,
        _ answer: @escaping @Sendable (Request, APIContext) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.answer = answer
    }

    /// How and where, in a word: `GET /v1/hosts`.
    var name: String { "\(method.rawValue) \(path)" }

    var leastRole: Role { Self.leastRoles[name] ?? .operate }

    /// Whether `path` is one of this route's.
    func matches(_ path: String) -> Bool {
        let own = self.path.split(separator: "/")
        let other = path.split(separator: "/")
        return own.count == other.count && zip(own, other).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }

    /// The path as Hummingbird writes it: `/v1/rollouts/:id`.
    var pattern: RouterPath {
        RouterPath(
            path.split(separator: "/").map {
                $0.hasPrefix("{") ? ":" + $0.dropFirst().dropLast() : String($0)
            }
            .joined(separator: "/"))
    }

    /// Throws where whoever asks may not.
    fileprivate func check(_ request: Request, _ context: APIContext, _ refusals: RefusalLog) throws {
        guard context.role < leastRole else { return }
        let why =
            "'\(context.who)' has the role \(context.role.rawValue) here; this takes \(leastRole.rawValue)"
        refusals.add(context.who, context, request, why)
        throw HTTPError(.forbidden, message: why)
    }
}

extension Router where Context == APIContext {
    /// A router for `routes`, for whoever `access` lets in; what can be got has a head, too.
    convenience init(
        _ routes: [Route], access: Access, patience: Patience, refusals: RefusalLog, logger: Logger
    ) {
        self.init(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        add(middleware: ProblemMiddleware(routes: routes, logger: logger))
        add(middleware: AccessMiddleware(access: access, routes: routes, refusals: refusals))
        for route in routes {
            let answer = patience.answer(route)
            on(route.pattern, method: route.method) { request, context in
                try route.check(request, context, refusals)
                return try await answer(request, context)
            }
        }
    }
}
