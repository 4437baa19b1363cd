import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why the coordinator did not do what was asked.
public enum ClientError: Error {
    /// It cannot be reached: the system's error number, if there is one, and what there is in words.
    case unreachable(number: Int32?, String)
    /// The connection ended in the middle.
    case interrupted(String)
    /// It says what is wrong.
    case problem(Problem)
    /// It says something that we do not understand.
    case misunderstood(String)

    /// What the HTTP client says.
    init(_ error: any Error) {
        switch error {
        case let error as ClientError:
            self = error
        case let error as IOError:
            self = .unreachable(number: error.errnoCode, String(cString: strerror(error.errnoCode)))
        case let error as NIOConnectionError:
            // An attempt for each of a name's addresses: one speaks for all.
            let number = (error.connectionErrors.first?.error as? IOError)?.errnoCode
            self = .unreachable(number: number, number.map { String(cString: strerror($0)) } ?? "\(error)")
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            self = .unreachable(number: nil, "it does not answer")
        case let error as HTTPClientError where error != .remoteConnectionClosed:
            self = .interrupted("\(error)")
        case is HTTPClientError, is HTTPParserError:
            // The parser's words for an end in the middle of a stream speak of the stream.
            self = .interrupted("it ended the connection")
        default:
            self = .interrupted("\(error)")
        }
    }

    /// Whether the coordinator may have done what it was asked to, and could not say so.
    static func isAnswerLost(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .deadlineExceeded || error == .remoteConnectionClosed
        case is HTTPParserError: true
        case let error as IOError: error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
        default: false
        }
    }

    /// Whether it may go better in a while: the coordinator is being restarted, or the broker is away.
    public var isPassing: Bool {
        switch self {
        case .unreachable(let number, _): number != EACCES && number != EPERM
        case .interrupted: true
        case .problem(let problem): problem.status >= 500
        case .misunderstood: false
        }
    }

    /// What there is, in words.
    public var words: String {
        switch self {
        case .unreachable(_, let words), .interrupted(let words), .misunderstood(let words): words
        case .problem(let problem): problem.detail ?? problem.title
        }
    }
}
