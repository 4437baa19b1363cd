import AMQP
import BrokerKit
import Contract
import DefragTypes

/// A message as an odd host publishes it.
struct FloodMessage {
    var exchange = ExchangeName.events
    var routingKey: String
    var message: AMQP.Message

    /// A message of `kind` by `host`, which knows `other`; of what is random, `number` is the seed.
    init(_ kind: FloodKind, from host: HostName, other: HostName, number: Int) {
        self.init(kind.event, from: host, number: number)
        let valid = String(decoding: message.body, as: UTF8.self)
        var body = valid
        switch kind {
        case .random: body = Self.noise(200 + number % 400, number)
        case .empty: body = ""
        case .truncated: body = String(valid.prefix(valid.count * (1 + number % 8) / 9))
        case .tooDeep:
            body = valid.replacing(#""data":"#, with: #""data":"# + String(repeating: "[", count: 1000))
        case .duplicateKey: body = valid.replacing(#""source":"#, with: #""id":"again","source":"#)
        case .largest:
            body = valid.replacing("…", with: String(repeating: "x", count: (1 << 20) - valid.utf8.count))
        case .tooLarge: body = valid.replacing("…", with: String(repeating: "x", count: 1 << 20))
        case .otherMajorVersion:
            body = valid.replacing(#""reflowversion":"1."#, with: #""reflowversion":"9."#)
        case .wrongType: body = valid.replacing(#""inode":1"#, with: #""inode":"one""#)
        case .hugeNumber:
            body = valid.replacing(#""inode":1"#, with: #""inode":\#(number)99999999999999999999"#)
        case .missingField: body = valid.replacing(#""inode":1,"#, with: "")
        case .controlCharacterInID: body = valid.replacing(#""id":"odd"#, with: #""id":"\u001b[2Jodd"#)
        case .noTime: body = valid.replacing(#""time":"2"#, with: #""time":"never 2"#)
        case .negativeCount: body = valid.replacing(#""before":65534"#, with: #""before":-\#(number + 1)"#)
        case .farGeneration:
            body = valid.replacing(#""generation":5"#, with: #""generation":9223372036854775807"#)
        case .longText: body = valid.replacing("…", with: String(repeating: "x", count: 17_000))
        case .manyNotes:
            let notes = (0..<64).map {
                #"{"reason":"new\#(number)x\#($0)","message":"\#(Self.noise(1400, $0))"}"#
            }
            body = valid.replacing(#""notes":null"#, with: #""notes":[\#(notes.joined(separator: ","))]"#)
        case .manyLabels:
            let labels = (0..<60_000).map { #""k\#($0)":"v""# }.joined(separator: ",")
            body = valid.replacing(#""labels":{"#, with: #""labels":{\#(labels),"#)
        case .manyFileSystems:
            let one = #"{"uuid":"u","mountPoint":"/m","size":10,"free":5}"#
            body = valid.replacing(
                #""fileSystems":["#, with: #""fileSystems":["# + String(repeating: one + ",", count: 1000))
        case .sourceOfOtherHost: body = valid.replacing("/hosts/\(host)", with: "/hosts/\(other)")
        case .sourceOfCoordinator: body = valid.replacing("/hosts/\(host)", with: "/coordinator")
        case .junkDeadLetter: body = Self.noise(500 + number % 1500, number)
        case .largeDeadLetter: body = Self.noise(1_000_000, number)
        case .deadLetterOfOtherHost:
            message.properties.headers[DeadLetterHeader.reason] = "malformed"
            message.properties.headers[DeadLetterHeader.queue] = .string(QueueName.tasks(other))
            message.properties.messageID = "rollout-\(number)"
        case .deadLetterWithLongHeaders:
            message.properties.headers[DeadLetterHeader.reason] = .string(Self.noise(1000, number))
            message.properties.headers[DeadLetterHeader.detail] = .string(Self.noise(12_000, number))
            message.properties.headers[DeadLetterHeader.queue] = .string(Self.noise(1000, number))
        case .unknownType:
            message.properties.type = "reflow.slice.weather"
            body = valid.replacing(kind.event.type, with: "reflow.slice.weather")
            routingKey = EventAddress.routingKey(host, type: "reflow.slice.weather")
        case .answerToNoTask: break
        }
        if kind.refusal == .deadLetter { (exchange, routingKey) = (ExchangeName.dead, "") }
        message.body = Array(body.utf8)
    }

    /// A message to which nothing is to be said, by a host that does not work.
    init(validFrom host: HostName, number: Int) {
        let kinds: [FloodEvent] = [.progress, .answer, .state, .page]
        self.init(kinds[number % kinds.count], from: host, number: number)
    }

    private init(_ event: FloodEvent, from host: HostName, number: Int) {
        let valid = Contract.Message(
            id: "odd-\(number)", source: EventAddress.source(host), subject: "/srv/vm/a.img", body: event.body
        )
        do { message = try AMQP.Message(valid) } catch { preconditionFailure("\(error)") }
        message.properties.isPersistent = event.isAnswer
        routingKey = EventAddress.routingKey(host, type: event.type)
    }

    /// That it is what `kind` says.
    func check(_ kind: FloodKind, _ host: HostName) throws {
        let refusal: FloodKind.Refusal?
        if exchange == ExchangeName.dead {
            refusal = .deadLetter
        } else if message.body.count > 1 << 20 {
            refusal = nil
        } else {
            do throws(ContractError) {
                let understood = try Contract.Message<HostEvent>(json: message.body)
                refusal = understood.source == EventAddress.source(host) ? nil : .notBelieved
            } catch {
                refusal = FloodKind.Refusal(rawValue: error.code.rawValue)
            }
        }
        try Inspection.promise(
            refusal == kind.refusal, "\(kind) would be refused as \(refusal.map { "\($0)" } ?? "nothing")")
    }

    /// `count` letters that look random, and are the same for the same seed.
    private static func noise(_ count: Int, _ seed: Int) -> String {
        var state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(
            decoding: (0..<count).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return letters[Int(state % 36)]
            }, as: UTF8.self)
    }
}

/// The event from which a message of the flood is made.
enum FloodEvent {
    case answer, page, progress, state

    var isAnswer: Bool { self == .answer || self == .page }
    var type: String { body.type }

    var body: HostEvent { Self.bodies[self] ?? .unknown(type: "") }

    private static let bodies: [FloodEvent: HostEvent] = {
        var result = DefragResult(path: "/srv/vm/a.img", status: .partial, reason: .timeLimit, message: "…")
        (result.inode, result.size, result.nextOffset) = (1, .gibibytes(1), .mebibytes(900))
        result.extents = .init(before: 65_534, after: 48_609)
        let running = SliceProgress(
            task: "none", job: "none", path: "/srv/vm/a.img", offset: 1, size: 2, rewritten: 3,
            maxPauseMs: 4.5,
            seconds: 6)
        let state = HostState(
            version: reflowVersion, kernel: "6.18.0", generation: 5, mode: .run,
            fileSystems: [
                .init(uuid: "u", mountPoint: "/srv/vm", size: .gibibytes(100), free: .gibibytes(10))
            ],
            running: [], uptime: 3600, labels: ["rack": "r1"])
        let files = (0..<10).map {
            FileSurvey(
                path: "/srv/vm/\($0).img", inode: 1, fileSystem: "u", size: .gibibytes(1),
                statistics: ExtentStatistics(), estimatedReflinkSeconds: 1)
        }
        return [
            .answer: .sliceFinished(SliceFinished(task: "none", job: "none", result: result)),
            .page: .surveyPage(SurveyPage(task: "none", job: "none", page: 0, files: files)),
            .progress: .progress(HostProgress(running: [running])), .state: .hostState(state),
        ]
    }()
}

extension FloodKind {
    /// The event that is spoilt.
    fileprivate var event: FloodEvent {
        switch self {
        case .farGeneration, .manyLabels, .manyFileSystems: .state
        case .duplicateKey, .controlCharacterInID: .progress
        default: .answer
        }
    }
}
