import Contract
import DefragTypes
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ReflowAPI

/// What is known about a request besides itself.
struct APIContext: RequestContext {
    /// What Hummingbird keeps.
    var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel
    /// Who asks, and what they may; see ``Access``.
    var who = ""
    var role = Role.anyone

    /// Most bytes of a body.
    static let mostBytes = 2 << 20

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// The part of the path that is called `name`.
    func parameter(_ name: String) throws -> String {
        let text = try parameters.require(name)
        return text.removingPercentEncoding ?? text
    }
}

/// The parameters of a request's query. A misspelt one is an error, not a filter that does nothing.
struct Query {
    private let texts: [String: String]

    /// Takes the parameters out of `request`; throws when there is one that is not among `known`, or one twice.
    init(_ request: Request, known: Set<String>) throws {
        var texts: [String: String] = [:]
        for (key, value) in request.uri.queryParameters {
            let key = String(key)
            guard known.contains(key) else {
                let names =
                    known.isEmpty ? "there are none" : "there are \(known.sorted().joined(separator: ", "))"
                throw OperationError.invalid("'\(key)' is no parameter here; \(names)")
            }
            guard texts.updateValue(String(value), forKey: key) == nil else {
                throw OperationError.invalid("the parameter \(key) is given twice")
            }
        }
        self.texts = texts
    }

    /// A parameter as it is; `nil` without it.
    func text(_ key: String) -> String? { texts[key] }

    /// A parameter as a number within `range`; `nil` without it.
    func number(_ key: String, in range: ClosedRange<Int64> = 0...Int64.max) throws -> Int64? {
        guard let text = texts[key] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw OperationError.invalid(
                range.upperBound == .max
                    ? "\(key): '\(text)' is not a number of at least \(range.lowerBound)"
                    : "\(key): '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A parameter that is true or false; false without it.
    func flag(_ key: String) throws -> Bool {
        switch texts[key] {
        case "true"?: return true
        case "false"?, nil: return false
        case let text?: throw OperationError.invalid("\(key): '\(text)' is neither true nor false")
        }
    }

    /// How many are wanted at most.
    func limit(_ usual: Int) throws -> Int {
        Int(try number("limit", in: 1...10_000) ?? Int64(usual))
    }

    /// The parameter `host`; `nil` without it.
    func host() throws -> HostName? {
        guard let text = texts["host"] else { return nil }
        guard let host = HostName(text) else {
            throw OperationError.invalid("host: '\(text)' is not 1 to 63 of a-z, 0-9 and -")
        }
        return host
    }

    /// A parameter as a point in time; `nil` without it.
    func time(_ key: String) throws -> Timestamp? {
        guard let text = texts[key] else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw OperationError.invalid("\(key): '\(text)' is not a time such as 2026-11-22T21:03:26Z")
        }
        return time
    }
}

extension Request {
    /// The body as bytes, if it is of type `mediaType`.
    func body(_ mediaTypes: String...) async throws -> ByteBuffer {
        let type = headers[.contentType]?.prefix { $0 != ";" }.lowercased().trimmingCharacters(
            in: .whitespaces)
        guard let type, mediaTypes.contains(type) else {
            throw HTTPError(.unsupportedMediaType, message: "the body has to be \(mediaTypes[0])")
        }
        return try await body.collect(upTo: APIContext.mostBytes)
    }

    /// The body as a specification's text.
    func spec() async throws -> String {
        let buffer = try await body("application/yaml", "text/yaml", "application/x-yaml", "text/plain")
        guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
            throw OperationError.invalid("the specification is not UTF-8")
        }
        return text
    }
}
