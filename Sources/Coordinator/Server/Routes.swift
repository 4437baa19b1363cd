import Contract
import DefragTypes
import HTTPTypes
import Hummingbird
import JSON
import ReflowAPI
import Rollout
import RolloutSpec

/// All routes; docs/openapi.yaml describes each of them.
struct Routes<Core: Operations> {
    let core: Core
    var streams = StreamTiming()

    var all: [Route] { health + fleet + plans + rollouts + deadLetters + log }

    private var health: [Route] {
        [
            Route(.get, "/healthz") { [core] request, _ in
                _ = try Query(request, known: [])
                if let standstill = core.health.standstill(longerThan: CoreHealth.longestStandstill) {
                    return try .json(["status": standstill.words], status: .serviceUnavailable)
                }
                return try .json(["status": "ok"])
            },
            Route(.get, "/readyz") { [core] request, _ in
                _ = try Query(request, known: [])
                let readiness = core.health.readiness
                return try .json(readiness, status: readiness.isReady ? .ok : .serviceUnavailable)
            },
        ]
    }

    private var fleet: [Route] {
        [
            Route(.get, "/v1/hosts") { [core] request, _ in
                _ = try Query(request, known: [])
                return try .json(Listing(try await core.hosts()))
            },
            Route(.delete, "/v1/hosts/{name}") { [core] request, context in
                _ = try Query(request, known: [])
                try await core.forget(context.host, by: context.who)
                return Response(status: .noContent)
            },
            Route(.put, "/v1/hosts/{name}/hold") { [core] request, context in
                let order = try HoldOrder(json: try await request.body("application/json"))
                guard !order.why.isEmpty else { throw OperationError.invalid("why: say why, for others") }
                return try .json(try await core.hold(context.host, why: order.why, by: context.who))
            },
            Route(.delete, "/v1/hosts/{name}/hold") { [core] request, context in
                let why = try Query(request, known: ["why"]).text("why") ?? ""
                return try .json(try await core.release(context.host, why: why, by: context.who))
            },
            Route(.post, "/v1/surveys") { [core] request, context in
                let wanted = try SurveyRequest(json: try await request.body("application/json"))
                try wanted.check()
                return try .started(try await core.startSurvey(wanted, by: context.who), at: "/v1/surveys")
            },
            Route(.get, "/v1/surveys/{id}") { [core] request, context in
                _ = try Query(request, known: [])
                return try .json(try await core.survey(context.parameter("id")))
            },
        ]
    }

    private var plans: [Route] {
        [
            Route(.post, "/v1/plans") { [core] request, context in
                let started = try await core.startPlan(spec: try await request.spec(), by: context.who)
                return try .started(started, at: "/v1/plans")
            },
            Route(.get, "/v1/plans/{id}") { [core] request, context in
                _ = try Query(request, known: [])
                return try .json(try await core.plan(context.parameter("id")))
            },
        ]
    }

    private var rollouts: [Route] {
        [
            Route(.get, "/v1/rollouts") { [core] request, _ in
                _ = try Query(request, known: [])
                return try .json(Listing(try await core.rollouts()))
            },
            Route(.post, "/v1/rollouts") { [core] request, context in
                let again = try Query(request, known: ["again"]).flag("again")
                let rollout = try await core.startRollout(
                    spec: try await request.spec(), again: again, by: context.who)
                var response = try Response.json(rollout, status: .created)
                response.headers[.location] = "/v1/rollouts/\(rollout.id)"
                return response
            },
            Route(.get, "/v1/rollouts/{id}") { [core] request, context in
                _ = try Query(request, known: [])
                return try .json(try await core.rollout(rollout(context)))
            },
            Route(.get, "/v1/rollouts/{id}/hosts") { [core] request, context in
                _ = try Query(request, known: [])
                return try .json(Listing(try await core.hosts(ofRollout: rollout(context))))
            },
            Route(.get, "/v1/rollouts/{id}/targets") { [core] request, context in
                let wanted = try TargetQuery(try Query(request, known: ["state", "host", "after", "limit"]))
                return try .json(try await core.targets(ofRollout: rollout(context), wanted))
            },
            Route(.post, "/v1/rollouts/{id}/pause") { [core] _, context in
                try .json(try await core.pause(rollout(context), by: context.who))
            },
            Route(.post, "/v1/rollouts/{id}/resume") { [core] _, context in
                try .json(try await core.resume(rollout(context), by: context.who))
            },
            Route(.post, "/v1/rollouts/{id}/cancel") { [core] _, context in
                try .json(try await core.cancel(rollout(context), by: context.who))
            },
            Route(.post, "/v1/rollouts/{id}/retry") { [core] request, context in
                let query = try Query(request, known: ["reason", "host"])
                let failed = Rollout.Failed(
                    reason: query.text("reason").map { Reason(rawValue: $0) }, host: try query.host())
                return try .json(
                    try await core.retry(failed, ofRollout: rollout(context), by: context.who))
            },
            Route(.patch, "/v1/rollouts/{id}/policy") { [core] request, context in
                let settings = try [String: String](json: try await request.body("application/json"))
                guard !settings.isEmpty else {
                    throw OperationError.invalid("there is no setting in the body")
                }
                return try .json(
                    try await core.set(settings, ofRollout: rollout(context), by: context.who))
            },
        ]
    }

    /// The id of the rollout that a path means.
    private func rollout(_ context: APIContext) async throws -> String {
        try await core.rolloutID(context.parameter("id"))
    }

    private var deadLetters: [Route] {
        [
            Route(.get, "/v1/dead-letters") { [core] request, _ in
                _ = try Query(request, known: [])
                return try .json(Listing(try await core.deadLetters()))
            },
            Route(.get, "/v1/dead-letters/{id}") { [core] request, context in
                _ = try Query(request, known: [])
                return try .json(try await core.deadLetter(context.parameter("id")))
            },
            Route(.post, "/v1/dead-letters/{id}/requeue") { [core] _, context in
                try await core.requeueDeadLetter(context.parameter("id"), by: context.who)
                return Response(status: .noContent)
            },
            Route(.delete, "/v1/dead-letters/{id}") { [core] _, context in
                try await core.dropDeadLetter(context.parameter("id"), by: context.who)
                return Response(status: .noContent)
            },
        ]
    }

    private var log: [Route] {
        [
            Route(.get, "/v1/events") { [core] request, _ in
                let known: Set = ["type", "host", "rollout", "since", "after", "limit"]
                var wanted = try EventQuery(try Query(request, known: known))
                if let text = wanted.rollout { wanted.rollout = try await core.rolloutID(text) }
                return try .json(Listing(try await core.events(wanted)))
            },
            Route(.get, "/v1/audit") { [core] request, _ in
                let query = try Query(request, known: ["before", "limit"])
                return try .json(
                    try await core.audit(before: query.number("before"), limit: query.limit(100)))
            },
            Route(.get, "/v1/stream") { [core, streams] request, context in
                let query = try Query(request, known: ["type", "host", "rollout", "after"])
                var wanted = try EventQuery(query)
                if let text = wanted.rollout { wanted.rollout = try await core.rolloutID(text) }
                if let last = request.lastEventID {
                    guard let id = Int64(last), id >= 0 else {
                        throw OperationError.invalid("Last-Event-ID: '\(last)' is not the id of an event")
                    }
                    wanted.after = id
                }
                return try await LiveStream(core: core, wanted: wanted, timing: streams).response(context)
            },
        ]
    }
}

extension APIContext {
    /// The host that a path means.
    fileprivate var host: HostName {
        get throws {
            let name = try parameter("name")
            guard let host = HostName(name) else {
                throw OperationError.notFound("there is no host '\(name)'")
            }
            return host
        }
    }
}

extension Request {
    /// After what a stream of server-sent events goes on (HTML, "server-sent events", 9.2.4).
    fileprivate var lastEventID: String? {
        headers.first { $0.name.canonicalName == "last-event-id" }?.value
    }
}

extension Response {
    /// Something has begun, and can be asked for beneath `place`.
    fileprivate static func started(_ started: Started, at place: String) throws -> Response {
        var response = try json(started, status: .accepted)
        response.headers[.location] = "\(place)/\(started.id)"
        return response
    }
}

extension Decodable {
    /// Reads a body.
    fileprivate init(json body: ByteBuffer) throws {
        self = try JSONDecoder(limits: JSONLimits(maxBytes: APIContext.mostBytes)).decode(
            from: body.readableBytesView)
    }
}

extension SurveyRequest {
    fileprivate func check() throws {
        guard !hosts.isEmpty else { throw OperationError.invalid("hosts: name at least one") }
        guard !paths.isEmpty else { throw OperationError.invalid("paths: name at least one") }
        if let problem = paths.lazy.compactMap({ pathProblem($0) }).first {
            throw OperationError.invalid("paths: \(problem)")
        }
        if let minExtents, minExtents < 1 { throw OperationError.invalid("minExtents is at least 1") }
        let most = max(1, Self.mostFiles / hosts.count)
        guard (1...most).contains(top) else {
            throw OperationError.invalid("top is from 1 to \(most) for \(hosts.count) hosts")
        }
        if let minSize, minSize < .zero { throw OperationError.invalid("minSize is not negative") }
    }
}

extension TargetQuery {
    fileprivate init(_ query: Query) throws {
        var state: TargetPhase?
        if let text = query.text("state") {
            state = TargetPhase(rawValue: text)
            guard state != nil else {
                let states = TargetPhase.allCases.map(\.rawValue).joined(separator: ", ")
                throw OperationError.invalid("state: '\(text)' is none of \(states)")
            }
        }
        try self.init(
            state: state, host: query.host(), after: query.number("after"), limit: query.limit(1000))
    }
}

extension EventQuery {
    fileprivate init(_ query: Query) throws {
        try self.init(
            type: query.text("type"), host: query.host(), rollout: query.text("rollout"),
            since: query.time("since"), after: query.number("after"), limit: query.limit(100))
    }
}
