import AsyncHTTPClient
import Contract
import DefragTypes
import Foundation
import NIOCore
import NIOHTTP1
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The API", .timeLimit(.minutes(1))) struct RoutesTests {
    @Test("listings are as the core has them")
    func listings() async throws {
        try await Server.run { server in
            try await server.ask { client in
                let hosts: Listing<HostStatus> = try await client.get("/v1/hosts")
                #expect(hosts.items == [Samples.host, Samples.lostHost])
                let rollouts: Listing<RolloutStatus> = try await client.get("/v1/rollouts")
                #expect(rollouts.items == [Samples.rollout])
                let rollout: RolloutStatus = try await client.get("/v1/rollouts/november-1")
                #expect(rollout == Samples.rollout)
                let own: Listing<RolloutHostStatus> = try await client.get("/v1/rollouts/november-1/hosts")
                #expect(own.items == [Samples.rolloutHost])
                let letters: Listing<KeptDeadLetter> = try await client.get("/v1/dead-letters")
                #expect(letters.items.map(\.id) == ["17"])
                #expect(letters.items[0].body == nil)
                let letter: KeptDeadLetter = try await client.get("/v1/dead-letters/17")
                #expect(letter == Samples.deadLetter)
                let survey: SurveyStatus = try await client.get("/v1/surveys/survey-1")
                #expect(survey == Samples.openSurvey)
                let complete: SurveyStatus = try await client.get("/v1/surveys/survey-1")
                #expect(complete == Samples.survey)
                let plan: PlanStatus = try await client.get("/v1/plans/plan-1")
                #expect(plan == Samples.plan)
            }
        }
    }

    @Test("targets come in pages, filtered")
    func pages() async throws {
        try await Server.run { server in
            try await server.ask { client in
                let first: Listing<TargetStatus> = try await client.get(
                    "/v1/rollouts/november-1/targets", [("limit", "4")])
                #expect(first.items.map(\.number) == [0, 1, 2, 3])
                #expect(first.next == 3)
                let failed: Listing<TargetStatus> = try await client.get(
                    "/v1/rollouts/november-1/targets",
                    [("state", "failed"), ("host", "beta"), ("after", "14")])
                #expect(failed.items.map(\.number) == [19, 24])
                #expect(failed.next == nil)
                #expect(failed.items[0] == Samples.target(number: 19))
            }
        }
    }

    @Test("what changes something is carried out, in the name of the user at the other end")
    func changes() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            try await server.ask { client in
                let paused: RolloutStatus = try await client.post("/v1/rollouts/november-1/pause")
                #expect(paused.pause == .operator)
                let resumed: RolloutStatus = try await client.post("/v1/rollouts/november-1/resume")
                #expect(resumed.pause == nil)
                let _: RolloutStatus = try await client.patch(
                    "/v1/rollouts/november-1/policy", json: ["maxPause": "5ms"])
                let started: RolloutStatus = try await client.post("/v1/rollouts", spec: "name: november\n")
                #expect(started.id == "november-2")
                let cancelled: RolloutStatus = try await client.post("/v1/rollouts/november-2/cancel")
                #expect(cancelled.phase == .cancelling)
                let survey: Started = try await client.post(
                    "/v1/surveys", json: Samples.request)
                #expect(survey.id == "survey-1")
                try await client.delete("/v1/dead-letters/17")
                let letters: Listing<KeptDeadLetter> = try await client.get("/v1/dead-letters")
                #expect(letters.items.isEmpty)

                let audit: Listing<AuditEntry> = try await client.get("/v1/audit", [("limit", "3")])
                #expect(audit.items.map(\.action) == ["dead.drop", "survey", "rollout.cancel"])
                let rest: Listing<AuditEntry> = try await client.get(
                    "/v1/audit", [("before", audit.next.map(String.init))])
                #expect(
                    rest.items.map(\.action) == [
                        "rollout.start", "rollout.set", "rollout.resume", "rollout.pause",
                    ])
                #expect(rest.next == nil)
                #expect(Set((audit.items + rest.items).map(\.who)) == [NSUserName()])
                #expect(rest.items[1].detail == .object(["maxPause": .string("5ms")]))
            }
        }
    }

    @Test("readyz says no, with the reason, while something is away; what is asked is answered all the same")
    func readiness() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let ready = try await raw(server, "/readyz")
            #expect(ready == (200, "application/json", #"{"isReady":true,"reasons":[],"warnings":[]}"#))
            await core.fail("the broker is away")
            let away = try await raw(server, "/readyz")
            #expect(
                away == (
                    503, "application/json",
                    #"{"isReady":false,"reasons":["the broker is away"],"warnings":[]}"#
                ))
            let health = try await raw(server, "/healthz")
            #expect(health == (200, "application/json", #"{"status":"ok"}"#))
            let hosts = try await raw(server, "/v1/hosts")
            #expect(hosts.status == 200)
        }
    }

    struct Wrong: Sendable {
        var method: HTTPMethod
        var path: String
        var type: String?
        var body: String?
        var status: Int
        var words: String

        init(
            _ method: HTTPMethod, _ path: String, _ status: Int, _ words: String, type: String? = nil,
            body: String? = nil
        ) {
            self.method = method
            self.path = path
            self.type = type
            self.body = body
            self.status = status
            self.words = words
        }
    }

    private static let json = "application/json"
    private static let yaml = "application/yaml"

    @Test(
        "whatever is wrong is told as problem details",
        arguments: [
            Wrong(.GET, "/v1/nothing", 404, "there is nothing at /v1/nothing"),
            Wrong(.GET, "/", 404, "there is nothing at /"),
            Wrong(.DELETE, "/v1/rollouts/november-1", 405, "cannot be asked to DELETE"),
            Wrong(.POST, "/v1/hosts", 405, "cannot be asked to POST"),
            Wrong(.GET, "/v1/rollouts/october-1", 404, "there is no rollout 'october-1'"),
            Wrong(.GET, "/v1/rollouts/a%20b", 404, "there is no rollout 'a b'"),
            Wrong(.GET, "/v1/stream?rollout=october-1", 404, "there is no rollout 'october-1'"),
            Wrong(.POST, "/v1/rollouts/november-1/resume", 409, "it is not paused"),
            Wrong(.GET, "/v1/hosts?nmae=x", 400, "'nmae' is no parameter here; there are none"),
            Wrong(.GET, "/v1/audit?limt=3", 400, "'limt' is no parameter here; there are before, limit"),
            Wrong(.GET, "/v1/audit?limit=0", 400, "limit: '0' is not a number from 1 to 10000"),
            Wrong(.GET, "/v1/audit?before=x", 400, "before: 'x' is not a number of at least 0"),
            Wrong(.GET, "/v1/audit?limit=1&limit=2", 400, "the parameter limit is given twice"),
            Wrong(.GET, "/v1/events?since=yesterday", 400, "since: 'yesterday' is not a time such as"),
            Wrong(.GET, "/v1/events?host=A.b", 400, "host: 'A.b' is not 1 to 63 of"),
            Wrong(
                .GET, "/v1/rollouts/november-1/targets?state=ended", 400, "state: 'ended' is none of pending,"
            ),
            Wrong(.POST, "/v1/surveys", 415, "the body has to be application/json", body: "{}"),
            Wrong(.POST, "/v1/surveys", 400, "the body is not what was expected", type: json, body: "{"),
            Wrong(
                .POST, "/v1/surveys", 400, "hosts", type: json,
                body: #"{"hosts":["A"],"paths":["/a"],"top":20}"#),
            Wrong(
                .POST, "/v1/surveys", 400, "hosts: name at least", type: json,
                body: #"{"hosts":[],"paths":["/a"],"top":20}"#),
            Wrong(
                .POST, "/v1/surveys", 400, "'a' is not absolute", type: json,
                body: #"{"hosts":["a"],"paths":["a"],"top":20}"#),
            Wrong(.POST, "/v1/surveys", 400, "top", type: json, body: #"{"hosts":["a"],"paths":["/a"]}"#),
            Wrong(
                .POST, "/v1/surveys", 400, "top is from 1 to 100000 for 2 hosts", type: json,
                body: #"{"hosts":["a","b"],"paths":["/a"],"top":100001}"#),
            Wrong(.POST, "/v1/rollouts", 415, "the body has to be application/yaml", type: json, body: "{}"),
            Wrong(
                .PATCH, "/v1/rollouts/november-1/policy", 400, "no setting in the body", type: json,
                body: "{}"),
            Wrong(
                .PATCH, "/v1/rollouts/november-1/policy", 400, "the body is not what was expected",
                type: json,
                body: #"{"maxPause":5}"#),
            Wrong(
                .POST, "/v1/rollouts", 413, "a body has at most 2097152 bytes", type: yaml,
                body: String(repeating: "#", count: (2 << 20) + 1)),
            Wrong(.POST, "/v1/rollouts", 422, "the specification has 2 problems", type: yaml, body: "wrong"),
        ])
    func problems(wrong: Wrong) async throws {
        try await Server.run { server in
            let answer = try await raw(server, wrong.path, wrong.method, wrong.type, wrong.body)
            #expect(answer.status == wrong.status, "\(answer.body)")
            #expect(answer.type == "application/problem+json")
            let details = try JSONDecoder().decode(Problem.self, from: Data(answer.body.utf8))
            #expect(details.status == wrong.status)
            if wrong.status == 400 { #expect(details.type == "urn:reflow:problem:invalid") }
            #expect(details.detail?.contains(wrong.words) == true, "\(answer.body)")
        }
    }

    @Test("a wrong specification is told place by place")
    func wrongSpec() async throws {
        try await Server.run { server in
            let answer = try await raw(server, "/v1/plans", .POST, "text/yaml; charset=utf-8", "wrong")
            let details = try JSONDecoder().decode(Problem.self, from: Data(answer.body.utf8))
            #expect(details.type == "urn:reflow:problem:invalid-spec")
            #expect(
                details.problems?.first
                    == SpecProblem(
                        line: 3, column: 5, key: "strategy.ramp", message: "'x' is not a list of numbers"))
        }
    }

    @Test("what can be got has a head; so has what is wrong")
    func head() async throws {
        try await Server.run { server in
            for (path, status) in [("/v1/hosts", 200), ("/v1/stream", 200), ("/v1/rollouts/x", 404)] {
                let answer = try await raw(server, path, .HEAD)
                #expect(answer.status == status)
                #expect(answer.body.isEmpty)
            }
        }
    }

    @Test("a rollout is found by its name, too")
    func names() async throws {
        try await Server.run { server in
            try await server.ask { client in
                let rollout: RolloutStatus = try await client.post("/v1/rollouts/november/pause")
                #expect(rollout.id == "november-1")
            }
        }
    }

    @Test("a wrong method is told which there are")
    func allow() async throws {
        try await Server.run { server in
            try await HTTPClient.withHTTPClient { http in
                var request = HTTPClientRequest(url: try server.address.base + "/v1/rollouts")
                request.method = .DELETE
                let response = try await http.execute(request, timeout: .seconds(20))
                #expect(response.headers["allow"] == ["GET, HEAD, POST"])
            }
        }
    }

    private func raw(
        _ server: Server, _ path: String, _ method: HTTPMethod = .GET, _ type: String? = nil,
        _ body: String? = nil
    ) async throws -> (status: Int, type: String, body: String) {
        try await HTTPClient.withHTTPClient { http in
            var request = HTTPClientRequest(url: try server.address.base + path)
            request.method = method
            if let type { request.headers.add(name: "content-type", value: type) }
            if let body { request.body = .bytes(ByteBuffer(string: body)) }
            let response = try await http.execute(request, timeout: .seconds(20))
            let bytes = try await response.body.collect(upTo: 1 << 20)
            return (
                Int(response.status.code), response.headers.first(name: "content-type") ?? "",
                String(buffer: bytes)
            )
        }
    }
}
