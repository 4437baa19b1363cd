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

    init(
        _ method: HTTPRequest.Method, _ path: String,
        _ answer: @escaping @Sendable (Request, APIContext) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.answer = answer
    }

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
}

extension Router where Context == APIContext {
    /// A router for `routes`, for whoever `access` lets in; what can be got has a head, too.
    convenience init(_ routes: [Route], access: Access, patience: Patience, logger: Logger) {
        self.init(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        add(middleware: ProblemMiddleware(routes: routes, logger: logger))
        add(middleware: AccessMiddleware(access: access))
        for route in routes { on(route.pattern, method: route.method, use: patience.answer(route)) }
    }
}
