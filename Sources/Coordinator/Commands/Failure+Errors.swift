import AMQP
import DefragTypes
import GRDB
import Glibc
import ReflowAPI

extension Failure {
    /// Any error that ends a command, in words.
    init(any error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as AMQPError: self.init(broker: error)
        case let error as StoreError: self.init(error)
        case let error as DatabaseError: self.init(StoreError(error, at: "the database"))
        case let error as OperationError: self.init(Problem(error))
        case let error as ClientError: self.init(.unavailable, "the coordinator: \(error.words)")
        case is CancellationError: self.init(.stoppedEarly, "stopped before the end")
        case let error as any Error & CustomStringConvertible: self.init(.failed, error.description)
        default:
            self.init(
                .failed, "an error that this version has no words for (\(type(of: error))). Please report it")
        }
    }

    /// What a command says of it, and its exit status.
    init(_ error: ClientError, at address: CoordinatorAddress) {
        switch error {
        case .unreachable(let number, let words):
            self.init(unreachable: address, number, words)
        case .interrupted(let words) where words.contains("WRONG_VERSION_NUMBER"):
            // BoringSSL's word for an answer that is no TLS.
            self.init(.unavailable, "what answers at \(address) does not speak TLS: try http://")
        case .interrupted(let words) where words.contains("CERTIFICATE_VERIFY_FAILED"):
            self.init(
                .unavailable,
                "the certificate of \(address) is not one that this machine trusts: name its authority's in REFLOW_TLS_CA_FILE"
            )
        case .interrupted(let words):
            self.init(
                .unavailable, "the connection to the coordinator at \(address) broke: \(words). Try again")
        case .misunderstood(let words):
            self.init(.failed, "what answers at \(address) is no coordinator of this version: \(words)")
        case .problem(let problem):
            self.init(problem)
        }
    }

    private init(unreachable address: CoordinatorAddress, _ number: Int32?, _ words: String) {
        let elsewhere = "or say where it is with --url or REFLOW_URL"
        guard let socket = address.socket else {
            self.init(
                .unavailable,
                "no coordinator at \(address): \(words). Does 'reflow serve' run there, with tcp in its configuration? If so, check --url or REFLOW_URL"
            )
            return
        }
        switch number {
        case ENOENT?:
            self.init(
                .unavailable,
                "no coordinator on this machine: there is no socket \(address). Start it with 'reflow serve', \(elsewhere)"
            )
        case ECONNREFUSED? where !SocketFile(path: socket).isSocket, ENOTDIR?:
            self.init(
                .usage,
                "\(address) is no socket: say where the coordinator's is with --url or REFLOW_URL")
        case ECONNREFUSED?:
            self.init(
                .unavailable,
                "the coordinator that listened at \(address) is gone. Start it again with 'reflow serve', \(elsewhere)"
            )
        case EACCES?, EPERM?:
            self.init(
                .notPermitted,
                "you may not use the coordinator's socket \(address): be its owner, or in its group")
        default:
            self.init(
                .unavailable,
                "no coordinator at \(address): \(words). Start it with 'reflow serve', \(elsewhere)")
        }
    }

    private init(_ problem: Problem) {
        let words = problem.detail ?? problem.title
        switch problem.status {
        case 403: self.init(.notPermitted, words)
        case 401:
            self.init(
                .notPermitted,
                "\(words). Put the token that the coordinator's tcp.tokenFile has into REFLOW_TOKEN")
        case 400, 415: self.init(.usage, words)
        case 503: self.init(.unavailable, words)
        case 422:
            let lines = (problem.problems ?? []).map { problem in
                "line \(problem.line):\(problem.column): \(problem.key.isEmpty ? "" : problem.key + ": ")\(problem.message)"
            }
            self.init(.usage, ([words] + lines).joined(separator: "\n"))
        default: self.init(.failed, words)
        }
    }
}
