import Contract
import DefragTypes
import Foundation
import HTTPTypes
import Rollout
import Settings
import Testing
import Yams

@testable import Coordinator
@testable import ReflowAPI

@Suite("docs/openapi.yaml") struct OpenAPITests {
    private let document: Node

    init() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../../docs/openapi.yaml").standardized.path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        document = try #require(try Yams.compose(yaml: text))
    }

    @Test("describes every route, and nothing else")
    func routes() throws {
        var described: Set<String> = []
        for (path, operations) in try #require(document["paths"]?.mapping) {
            for (method, _) in try #require(operations.mapping) where method.string != "parameters" {
                described.insert("\(try #require(method.string).uppercased()) \(try #require(path.string))")
            }
        }
        let routes = Routes(core: MemoryCore()).all.map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(routes).count == routes.count)
        #expect(described == Set(routes))
        #expect(Set(Route.leastRoles.keys) == Set(routes), "each has the role that it takes")
    }

    @Test("names the parameters of every path, and refers only to what is there")
    func references() throws {
        for (path, operations) in try #require(document["paths"]?.mapping) {
            let names = try #require(path.string).split(separator: "/").filter { $0.hasPrefix("{") }
            let parameters = operations["parameters"]?.sequence?.count ?? 0
            #expect(names.count == parameters, "\(path)")
        }
        func check(_ node: Node) throws {
            switch node {
            case .mapping(let mapping):
                for (key, value) in mapping {
                    if key.string == "$ref" {
                        let steps = try #require(value.string).split(separator: "/").dropFirst()
                        let target = steps.reduce(Optional(document)) { $0?.value(of: $1) }
                        #expect(target != nil, "\(value.string ?? "")")
                    } else {
                        try check(value)
                    }
                }
            case .sequence(let sequence): for item in sequence { try check(item) }
            case .scalar, .alias: break
            }
        }
        try check(document)
    }

    /// A schema, and a thing with every field that it can have.
    struct Sample: Sendable, CustomStringConvertible {
        let description: String
        let json: @Sendable () throws -> Data

        init(_ schema: String, _ value: some Encodable & Sendable) {
            description = schema
            json = { try JSONEncoder().encode(value) }
        }
    }

    @Test(
        "has the fields that the API sends, of the types that it sends",
        arguments: [
            Sample("HostListing", Listing([Samples.host])), Sample("SurveyRequest", Samples.request),
            Sample("Survey", Samples.survey), Sample("Plan", Samples.plan),
            Sample("RolloutListing", Listing([Samples.rollout, Samples.fullRollout])),
            Sample("RolloutHostListing", Listing([Samples.rolloutHost])),
            Sample("TargetListing", Listing([Samples.target(number: 4)], next: 4)),
            Sample("DeadLetterListing", Listing([Samples.deadLetter])),
            Sample("EventListing", Listing([Samples.event])),
            Sample("AuditListing", Listing([Samples.audit])),
            Sample("Readiness", Readiness(reasons: ["away"])),
            Sample("Started", Started(id: "1")),
            Sample("Retried", Retried(files: 1, rollout: Samples.fullRollout)),
            Sample(
                "Problem", Problem(.invalidSpec([.init(line: 1, column: 1, key: "a", message: "b")]))),
        ])
    func fields(sample: Sample) throws {
        try check(
            try JSONSerialization.jsonObject(with: sample.json()), against: schema(sample.description),
            sample.description)
    }

    /// A list of words that a field can have, and what the code says they are.
    private static let words: [String: [String]] = [
        "TargetState": TargetPhase.allCases.map(\.rawValue),
        "SurveyedHost.state": SurveyStatus.State.allCases.map(\.rawValue),
        "HostState.mode": DesiredState.Mode.allCases.map(\.rawValue),
        // That nothing will be done is for those that ask for plans.
        "Rollout.phase": Rollout.Phase.allCases.filter { $0 != .planned }.map(\.rawValue),
        "Rollout.pause": Rollout.Pause.allCases.map(\.rawValue),
        "OtherRollout.pause": Rollout.Pause.allCases.map(\.rawValue),
        "Policy.sharing": Sharing.allCases.map(\.rawValue),
        "Stage.name": RolloutStatus.Stage.Name.allCases.map(\.rawValue),
        "RolloutHost.phase": RolloutHost.Phase.allCases.map(\.rawValue),
        "Event.type": LoggedEvent.types,
        "Problem.type": [
            OperationError.notFound(""), .conflict(""), .underWay(""), .keyReused(""), .brokerAway(""),
            .stalled(""), .invalid(""),
            .invalidSpec([]),
        ].map { Problem($0).type },
    ]

    @Test("lists the words that the code has, for every field with a list")
    func lists() throws {
        var described: [String: [String]] = [:]
        func look(_ node: Node, _ place: String) {
            if let list = (node["enum"] ?? node["x-extensible-enum"])?.sequence {
                described[place] = list.compactMap(\.string)
            }
            for (name, property) in node["properties"]?.mapping ?? [:] {
                look(property, "\(place).\(name.string ?? "")")
            }
        }
        for (name, schema) in try #require(document["components"]?["schemas"]?.mapping) {
            look(schema, name.string ?? "")
        }
        #expect(Set(described.keys) == Set(Self.words.keys))
        for (place, words) in Self.words {
            #expect(described[place]?.sorted() == words.sorted(), "\(place)")
        }
    }

    private func schema(_ name: String) -> Node? { document["components"]?["schemas"]?[name] }

    /// `value` has no field that the schema lacks, lacks none that it requires, and is of the schema's type.
    private func check(_ value: Any, against node: Node?, _ place: String) throws {
        var node = try #require(node, "\(place) is not described")
        if let reference = node["$ref"]?.string {
            node = try #require(schema(String(reference.split(separator: "/").last ?? "")))
        }
        switch node["type"]?.string {
        case "object":
            let object = try #require(value as? [String: Any], "\(place)")
            if let extra = node["additionalProperties"] {
                for (key, value) in object { try check(value, against: extra, "\(place).\(key)") }
            } else if let properties = node["properties"]?.mapping {
                for (key, value) in object { try check(value, against: properties[key], "\(place).\(key)") }
                let required = node["required"]?.sequence?.compactMap(\.string) ?? []
                #expect(Set(required).isSubset(of: object.keys), "\(place)")
                #expect(Set(required).isSubset(of: properties.keys.compactMap(\.string)), "\(place)")
            }
        case "array":
            let items = try #require(value as? [Any], "\(place)")
            for item in items { try check(item, against: node["items"], place + "[]") }
        case "string":
            let text = try #require(value as? String, "\(place)")
            if let allowed = node["enum"]?.sequence?.compactMap(\.string) {
                #expect(allowed.contains(text), "\(place)")
            }
        case "integer", "number", "boolean": #expect(value is NSNumber, "\(place)")
        case nil: break  // anything
        case let type?: Issue.record("\(place) is of type \(type)")
        }
    }
}

extension Node {
    /// The value of a key by its text, whether that looks like a number or not.
    fileprivate func value(of key: some StringProtocol) -> Node? {
        mapping?.first { $0.key.scalar?.string == String(key) }?.value
    }
}

@Suite("docs/reflow.md") struct ManualTests {
    @Test("has every setting of serve, and every type of event")
    func complete() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../../docs/reflow.md").standardized.path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let settings = ServeConfiguration.Setting.allCases.flatMap { [$0.rawValue, $0.variable] }
        for word in settings + LoggedEvent.types { #expect(text.contains("`\(word)`"), "\(word)") }
    }
}
