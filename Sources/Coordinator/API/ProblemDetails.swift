import HTTPTypes
import Hummingbird
import JSON
import Logging

/// What is wrong with a request, as RFC 9457 has it: `application/problem+json`.
struct ProblemDetails: Codable, Hashable, Sendable {
    /// Which kind of problem, as a URI; `about:blank` where the status says all.
    var type: String
    /// The kind in words.
    var title: String
    /// Status of the response.
    var status: Int
    /// What is wrong with this request, in words.
    var detail: String?
    /// What is wrong with a specification, place by place.
    var problems: [SpecProblem]?

    /// The media type.
    static let contentType = "application/problem+json"

    /// A problem that its status says all about, but for the details.
    init(_ status: HTTPResponse.Status, _ detail: String? = nil) {
        self.init(type: "about:blank", title: status.reasonPhrase, status, detail)
    }

    private init(
        type: String, title: String, _ status: HTTPResponse.Status, _ detail: String?,
        problems: [SpecProblem]? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status.code
        self.detail = detail
        self.problems = problems
    }

    /// What an operation says is wrong.
    init(_ error: OperationError) {
        switch error {
        case .notFound(let detail):
            self.init(type: Kind.notFound.uri, title: "No such thing", .notFound, detail)
        case .conflict(let detail):
            self.init(type: Kind.conflict.uri, title: "Not as things stand", .conflict, detail)
        case .brokerAway(let detail):
            self.init(
                type: Kind.brokerAway.uri, title: "The broker is away", .serviceUnavailable, detail)
        case .invalid(let detail):
            self.init(type: Kind.invalid.uri, title: "Wrong value", .badRequest, detail)
        case .invalidSpec(let problems):
            let count = problems.count == 1 ? "a problem" : "\(problems.count) problems"
            self.init(
                type: Kind.invalidSpec.uri, title: "Wrong specification", .unprocessableContent,
                "the specification has \(count)", problems: problems)
        }
    }

    /// An error that no operation says: the store's in words, of any other the log has the details.
    init(unexpected error: any Error) {
        let words = StoreError.words(for: error) ?? "nothing came of it"
        self.init(.internalServerError, "\(words); the coordinator's log has more")
    }

    /// Kinds of problems of our own.
    enum Kind: String {
        case notFound = "not-found"
        case conflict
        case brokerAway = "broker-away"
        case invalid
        case invalidSpec = "invalid-spec"

        /// Names the kind.
        var uri: String { "urn:reflow:problem:\(rawValue)" }
    }

    /// The response that says so.
    func response(headers: HTTPFields = [:]) throws -> Response {
        var response = try Response.json(self, status: .init(code: status))
        response.headers.append(contentsOf: headers)
        response.headers[.contentType] = Self.contentType
        return response
    }
}

extension Response {
    /// `value` as JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value))))
    }
}

/// Turns whatever goes wrong into problem details.
struct ProblemMiddleware: RouterMiddleware {
    /// The routes, to tell a wrong method from a wrong path.
    let routes: [Route]
    /// For errors of our own.
    let logger: Logger

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let response = try await answer(request, context, next)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, _ context: APIContext, _ next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as OperationError {
            return try ProblemDetails(error).response()
        } catch let error as JSONError {
            return try ProblemDetails(.invalid("the body is not what was expected: \(error)")).response()
        } catch let error as HTTPError where error.status == .notFound {
            return try unknown(request).response(headers: allow(request))
        } catch let error as HTTPError where error.status == .badRequest {
            return try ProblemDetails(.invalid(error.body ?? "the request is not understood")).response(
                headers: error.headers)
        } catch let error as HTTPError {
            return try ProblemDetails(error.status, error.body).response(headers: error.headers)
        } catch let error as any HTTPResponseError {
            let detail =
                error.status == .contentTooLarge ? "a body has at most \(APIContext.mostBytes) bytes" : nil
            return try ProblemDetails(error.status, detail).response()
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.error("\(request.method) \(request.uri.path): \(error)")
            return try ProblemDetails(unexpected: error).response()
        }
    }

    private func methods(_ request: Request) -> [HTTPRequest.Method] {
        let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method)
        return methods + (methods.contains(.get) ? [.head] : [])
    }

    private func unknown(_ request: Request) -> ProblemDetails {
        methods(request).isEmpty
            ? ProblemDetails(.notFound, "there is nothing at \(request.uri.path)")
            : ProblemDetails(
                .methodNotAllowed, "\(request.uri.path) cannot be asked to \(request.method.rawValue)")
    }

    private func allow(_ request: Request) -> HTTPFields {
        let methods = methods(request).map(\.rawValue).sorted()
        return methods.isEmpty ? [:] : [.allow: methods.joined(separator: ", ")]
    }
}
