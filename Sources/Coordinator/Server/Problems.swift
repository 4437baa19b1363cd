import HTTPTypes
import Hummingbird
import JSON
import Logging
import ReflowAPI

extension Problem {
    /// A problem that its status says all about, but for the details.
    init(_ status: HTTPResponse.Status, _ detail: String? = nil) {
        self.init(title: status.reasonPhrase, status: status.code, detail: detail)
    }

    /// What an operation says is wrong.
    init(_ error: OperationError) {
        switch error {
        case .notFound(let detail): self.init("not-found", "No such thing", .notFound, detail)
        case .conflict(let detail): self.init("conflict", "Not as things stand", .conflict, detail)
        case .underWay(let detail):
            self.init("under-way", "One of that name is under way", .conflict, detail)
        case .keyReused(let detail):
            self.init("key-reused", "The key was used for something else", .unprocessableContent, detail)
        case .brokerAway(let detail):
            self.init("broker-away", "The broker is away", .serviceUnavailable, detail)
        case .stalled(let detail):
            self.init("stalled", "The coordinator stands still", .serviceUnavailable, detail)
        case .invalid(let detail): self.init("invalid", "Wrong value", .badRequest, detail)
        case .invalidSpec(let problems):
            let count = problems.count == 1 ? "a problem" : "\(problems.count) problems"
            self.init(
                "invalid-spec", "Wrong specification", .unprocessableContent,
                "the specification has \(count)", problems)
        }
    }

    /// A kind of problem of our own.
    private init(
        _ kind: String, _ title: String, _ status: HTTPResponse.Status, _ detail: String,
        _ problems: [SpecProblem]? = nil
    ) {
        self.init(
            type: "urn:reflow:problem:\(kind)", title: title, status: status.code, detail: detail,
            problems: problems)
    }

    /// An error that no operation says: a disk that takes nothing, the store's in words, of any other the log has the details.
    init(unexpected error: any Error) {
        if let trouble = StoreTrouble(error) ?? (error as? StepTrouble).map(StoreTrouble.init) {
            self.init(.stalled("\(trouble.words). Nothing was done"))
            return
        }
        let words = StoreError.words(for: error) ?? "nothing came of it"
        self.init(.internalServerError, "\(words); the coordinator's log has more")
    }

    /// The response that says so.
    func response(headers: HTTPFields = [:]) throws -> Response {
        var response = try Response.json(self, status: .init(code: status))
        response.headers.append(contentsOf: headers)
        response.headers[.contentType] = Self.contentType
        return response
    }
}

extension OperationError: CustomStringConvertible {
    /// What is wrong, in words.
    var description: String { Problem(self).detail ?? "" }
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
            return try Problem(error).response()
        } catch let error as JSONError {
            return try Problem(.invalid("the body is not what was expected: \(error)")).response()
        } catch let error as HTTPError where error.status == .notFound {
            return try unknown(request).response(headers: allow(request))
        } catch let error as HTTPError where error.status == .badRequest {
            return try Problem(.invalid(error.body ?? "the request is not understood")).response(
                headers: error.headers)
        } catch let error as HTTPError {
            return try Problem(error.status, error.body).response(headers: error.headers)
        } catch let error as any HTTPResponseError {
            let detail =
                error.status == .contentTooLarge ? "a body has at most \(APIContext.mostBytes) bytes" : nil
            return try Problem(error.status, detail).response()
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.error("\(request.method) \(request.uri.path): \(error)")
            return try Problem(unexpected: error).response()
        }
    }

    private func methods(_ request: Request) -> [HTTPRequest.Method] {
        let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method)
        return methods + (methods.contains(.get) ? [.head] : [])
    }

    private func unknown(_ request: Request) -> Problem {
        methods(request).isEmpty
            ? Problem(.notFound, "there is nothing at \(request.uri.path)")
            : Problem(
                .methodNotAllowed, "\(request.uri.path) cannot be asked to \(request.method.rawValue)")
    }

    private func allow(_ request: Request) -> HTTPFields {
        let methods = methods(request).map(\.rawValue).sorted()
        return methods.isEmpty ? [:] : [.allow: methods.joined(separator: ", ")]
    }
}
