import DefragTypes
import Glibc
import HTTPTypes
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("Where the coordinator is") struct CoordinatorAddressTests {
    @Test(
        "a path, a unix URL, http or https",
        arguments: [
            (
                "/run/reflow/reflow.sock", "http+unix://%2Frun%2Freflow%2Freflow.sock",
                "/run/reflow/reflow.sock"
            ),
            ("unix:/run/a b", "http+unix://%2Frun%2Fa%20b", "/run/a b"),
            ("unix:///run/a", "http+unix://%2Frun%2Fa", "/run/a"),
            ("http://127.0.0.1:7077", "http://127.0.0.1:7077", nil),
            ("https://reflow.example/", "https://reflow.example", nil),
        ])
    func right(text: String, base: String, socket: String?) throws {
        let address = try CoordinatorAddress(text)
        #expect(address.base == base)
        #expect(address.socket == socket)
        #expect(address.description == text)
    }

    @Test("nothing else", arguments: ["", "reflow.sock", "ftp://x", "http://", "http://x/v1", "unix:a"])
    func wrong(text: String) {
        let wrong = #expect(throws: CoordinatorAddress.Malformed.self) { try CoordinatorAddress(text) }
        #expect(wrong?.description.hasPrefix("--url \(text)") == true)
    }
}

@Suite("What a command says of a coordinator that did not do it") struct ClientFailureTests {
    @Test(
        "says what to do, and ends with the status of its kind",
        arguments: [
            (
                ClientError.unreachable(number: ENOENT, "x"), DefragTypes.ExitStatus.unavailable,
                "Start it with 'reflow serve'"
            ),
            (
                .unreachable(number: ECONNREFUSED, "x"), .usage,
                "/run/reflow/none is no socket"
            ),
            (.unreachable(number: EACCES, "x"), .notPermitted, "be its owner, or in its group"),
            (.unreachable(number: nil, "it does not answer"), .unavailable, "it does not answer"),
            (.interrupted("x"), .unavailable, "broke: x. Try again"),
            (.misunderstood("x"), .failed, "no coordinator of this version: x"),
            (.problem(.init(.unauthorized, "a bearer token is needed")), .notPermitted, "REFLOW_TOKEN"),
            (.problem(.init(.notFound("there is no rollout 'x'"))), .failed, "there is no rollout 'x'"),
            (.problem(.init(.conflict("it is not paused"))), .failed, "it is not paused"),
            (.problem(.init(.invalid("limit: wrong"))), .usage, "limit: wrong"),
            (
                .problem(
                    .init(
                        .invalidSpec([
                            .init(line: 9, column: 3, key: "strategy.ramp", message: "'x' is no list"),
                            .init(line: 1, column: 1, key: "", message: "name is missing"),
                        ]))), .usage,
                "the specification has 2 problems\nline 9:3: strategy.ramp: 'x' is no list\nline 1:1: name is missing"
            ),
        ])
    func failure(error: ClientError, status: DefragTypes.ExitStatus, words: String) throws {
        let failure = Failure(error, at: try CoordinatorAddress("/run/reflow/none"))
        #expect(failure.status == status)
        #expect(failure.message.contains(words), "\(failure.message)")
    }

    @Test("by TLS, says what speaks none, and what is not to be trusted")
    func tls() throws {
        let address = try CoordinatorAddress("https://h:1")
        for (words, said) in [
            (
                "handshakeFailed(SSL: WRONG_VERSION_NUMBER)",
                "what answers at https://h:1 does not speak TLS: try http://"
            ),
            (
                "CERTIFICATE_VERIFY_FAILED",
                "the certificate of https://h:1 is not one that this machine trusts: name its authority's in REFLOW_TLS_CA_FILE"
            ),
        ] {
            #expect(Failure(.interrupted(words), at: address).message == said)
        }
    }

    @Test("by TCP, asks whether tcp is configured")
    func tcp() throws {
        let failure = Failure(
            .unreachable(number: ECONNREFUSED, "Connection refused"), at: try CoordinatorAddress("http://h:1")
        )
        #expect(failure.status == .unavailable)
        #expect(
            failure.message.hasPrefix(
                "no coordinator at http://h:1: Connection refused. Does 'reflow serve' run there"))
    }
}
