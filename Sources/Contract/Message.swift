import JSON

/// What a message carries, by its CloudEvents type.
public protocol MessageBody: Sendable {
    /// CloudEvents `type`, such as `reflow.slice.finished`.
    var type: String { get }
    /// Decodes the `data` of a message of type `type`.
    ///
    /// - Throws: ``ContractError`` with the code `unknownType`, or a decoding error.
    init(type: String, from decoder: any Decoder) throws
    /// Encodes the `data`.
    func encode(to encoder: any Encoder) throws
}

/// A message: a CloudEvent 1.0 in structured JSON.
///
/// Unknown attributes and unknown fields of the data are ignored. `reflowversion`, an extension attribute, is the
/// version of this contract: a minor version adds, a major version breaks.
public struct Message<Body: MessageBody>: Sendable {
    /// Unique together with `source`: consumers deduplicate by it.
    public var id: String
    /// Who says it, such as `/hosts/alpha`.
    public var source: String
    /// What it is about: mostly a file.
    public var subject: String?
    /// When it was said.
    public var time: Timestamp
    /// What it says.
    public var body: Body

    /// A new message, said now.
    public init(
        id: String = newMessageID(), source: String, subject: String? = nil, time: Timestamp = .now,
        body: Body
    ) {
        self.id = id
        self.source = source
        self.subject = subject
        self.time = time
        self.body = body
    }

    /// Decodes a message from a message's body.
    ///
    /// - Throws: ``ContractError``, whose code is good for a dead letter's reason.
    public init(json bytes: [UInt8]) throws(ContractError) {
        let understood: Understood
        do {
            understood = try JSONDecoder().decode(from: bytes)
        } catch {
            throw ContractError(.malformed, "\(error)")
        }
        self = try understood.message.get()
    }

    /// Takes our own refusals out of the decoder's hands, which would make them errors of form.
    private struct Understood: Decodable {
        let message: Result<Message, ContractError>

        init(from decoder: any Decoder) throws {
            do {
                message = .success(try Message(from: decoder))
            } catch let error as ContractError {
                message = .failure(error)
            }
        }
    }

    /// The message as UTF-8 JSON.
    ///
    /// - Throws: ``ContractError`` when a value has no JSON, such as a number that is not finite.
    public func json() throws(ContractError) -> [UInt8] {
        do {
            return try JSONEncoder().encode(self)
        } catch {
            throw ContractError(.malformed, "\(error)")
        }
    }
}

/// Media type of every message.
public let messageContentType = "application/cloudevents+json"

/// Version of this contract.
public enum ContractVersion {
    /// Messages of another major version are not understood.
    public static let major = 1
    /// Grows with every addition.
    public static let minor = 2
}

/// A random id, unique for all practical purposes: 128 bits in hexadecimal.
public func newMessageID() -> String {
    let number = UInt128.random(in: .min ... .max)
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
}

extension Message: Codable {
    private enum Key: String, CodingKey {
        case specversion, id, source, type, subject, time, datacontenttype, reflowversion, data
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard try container.decode(String.self, forKey: .specversion) == "1.0" else {
            throw ContractError(.unsupportedVersion, "only CloudEvents 1.0 is understood")
        }
        let version = try container.decode(String.self, forKey: .reflowversion)
        guard version.split(separator: ".").first == "\(ContractVersion.major)" else {
            throw ContractError(
                .unsupportedVersion,
                "the message has contract version '\(version)', this program understands "
                    + "\(ContractVersion.major).x: upgrade the older side")
        }
        id = try container.decode(String.self, forKey: .id)
        guard (1...256).contains(id.utf8.count) else {
            throw DecodingError.dataCorruptedError(
                forKey: .id, in: container, debugDescription: "an id has 1 to 256 bytes")
        }
        source = try container.decode(String.self, forKey: .source)
        subject = try container.decodeIfPresent(String.self, forKey: .subject)
        time = try container.decode(Timestamp.self, forKey: .time)
        body = try Body(
            type: container.decode(String.self, forKey: .type), from: container.superDecoder(forKey: .data))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("1.0", forKey: .specversion)
        try container.encode(id, forKey: .id)
        try container.encode(source, forKey: .source)
        try container.encode(body.type, forKey: .type)
        try container.encodeIfPresent(subject, forKey: .subject)
        try container.encode(time, forKey: .time)
        try container.encode("application/json", forKey: .datacontenttype)
        try container.encode("\(ContractVersion.major).\(ContractVersion.minor)", forKey: .reflowversion)
        try body.encode(to: container.superEncoder(forKey: .data))
    }
}
