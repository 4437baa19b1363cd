import Foundation

/// What `rabbitmqctl export_definitions` says of accounts and their rights, or a file of ``Definitions``; the rest is not read.
public struct ExportedDefinitions: Decodable, Sendable {
    /// An account.
    public struct User: Decodable, Sendable {
        public var name: String
        /// Empty where it has none: it logs in with a certificate, or not at all.
        public var passwordHash: String?
        public var hashingAlgorithm: String?
        /// Such as `administrator`.
        public var tags: [String]
        /// Such as `max-connections`; empty for no limits.
        public var limits: [String: Int]

        private enum CodingKeys: String, CodingKey {
            case name, tags, limits
            case passwordHash = "password_hash"
            case hashingAlgorithm = "hashing_algorithm"
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            passwordHash = try container.decodeIfPresent(String.self, forKey: .passwordHash)
            hashingAlgorithm = try container.decodeIfPresent(String.self, forKey: .hashingAlgorithm)
            // A list, and before 3.8 a text with commas. No limits are an empty object, or an empty list.
            let words = (try? container.decode(String.self, forKey: .tags))?.split { ", ".contains($0) }
            tags =
                try words?.map(String.init) ?? container.decodeIfPresent([String].self, forKey: .tags) ?? []
            limits = (try? container.decode([String: Int].self, forKey: .limits)) ?? [:]
        }
    }

    /// The rights of an account in a virtual host.
    public struct Permission: Decodable, Sendable {
        public var user, vhost, configure, write, read: String
    }

    /// The rights of an account on a topic exchange of a virtual host.
    public struct TopicPermission: Decodable, Sendable {
        public var user, vhost, exchange, write, read: String
    }

    private struct Named: Decodable {
        var name, vhost: String
    }

    public var users: [User]
    public var permissions: [Permission]
    public var topicPermissions: [TopicPermission]
    /// The names of exchanges, by virtual host.
    public var exchanges: [String: Set<String>]

    private enum CodingKeys: String, CodingKey {
        case users, permissions, exchanges
        case topicPermissions = "topic_permissions"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        users = try container.decode([User].self, forKey: .users)
        permissions = try container.decode([Permission].self, forKey: .permissions)
        topicPermissions =
            try container.decodeIfPresent([TopicPermission].self, forKey: .topicPermissions) ?? []
        let named = try container.decodeIfPresent([Named].self, forKey: .exchanges) ?? []
        exchanges = Dictionary(grouping: named, by: \.vhost).mapValues { Set($0.map(\.name)) }
    }

    /// Reads `json`.
    ///
    /// - Throws: `DecodingError` where these are no definitions with accounts and rights.
    public init(json: [UInt8]) throws {
        self = try JSONDecoder().decode(ExportedDefinitions.self, from: Data(json))
    }
}
