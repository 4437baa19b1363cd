/// What is wrong with a request, as RFC 9457 has it: `application/problem+json`.
public struct Problem: Codable, Hashable, Sendable {
    /// Which kind of problem, as a URI; `about:blank` where the status says all.
    public var type: String
    /// The kind in words.
    public var title: String
    /// Status of the response.
    public var status: Int
    /// What is wrong with this request, in words.
    public var detail: String?
    /// What is wrong with a specification, place by place.
    public var problems: [SpecProblem]?

    /// Whether it is that a rollout of the same name is under way.
    public var isUnderWay: Bool { type == "urn:reflow:problem:under-way" }

    /// The media type.
    public static let contentType = "application/problem+json"

    public init(
        type: String = "about:blank", title: String, status: Int, detail: String?,
        problems: [SpecProblem]? = nil
    ) {
        (self.type, self.title, self.status) = (type, title, status)
        (self.detail, self.problems) = (detail, problems)
    }
}

/// What is wrong at one place of a specification.
public struct SpecProblem: Codable, Hashable, Sendable {
    /// Counts from 1.
    public var line: Int
    /// Counts from 1.
    public var column: Int
    /// Path of the key, such as `strategy.canary.hosts`; empty for the text as a whole.
    public var key: String
    /// What is wrong, and what is right.
    public var message: String

    public init(line: Int, column: Int, key: String, message: String) {
        (self.line, self.column, self.key, self.message) = (line, column, key, message)
    }
}

/// Whether the core can work now.
public struct Readiness: Codable, Hashable, Sendable {
    /// Whether it can.
    public var isReady: Bool
    /// Why not, a sentence each.
    public var reasons: [String]

    /// What else is not as it should be, a sentence each.
    public var warnings: [String]

    /// Ready, if there are no reasons against it.
    public init(reasons: [String] = [], warnings: [String] = []) {
        isReady = reasons.isEmpty
        self.reasons = reasons
        self.warnings = warnings
    }
}
