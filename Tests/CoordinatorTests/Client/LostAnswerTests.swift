import Foundation
import Glibc
import Support
import Synchronization
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("An answer that is lost", .timeLimit(.minutes(1))) struct LostAnswerTests {
    /// A server by hand: reads a request from each connection, and closes it with what `answers` has for it.
    private final class Deaf: Sendable {
        let path: String
        private let descriptor: Int32
        private let heads = Mutex<[String]>([])

        init(_ answers: [String]) throws {
            path = try RunFolder.subfolder("deaf") + "/s"
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(bound == 0 && listen(descriptor, 8) == 0)
            Thread.detachNewThread { [self] in for answer in answers { serve(answer) } }
        }

        deinit { close(descriptor) }

        private func serve(_ answer: String) {
            let connection = accept(descriptor, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = max(0, read(connection, &buffer, buffer.count))
            heads.withLock { $0.append(String(decoding: buffer[..<count], as: UTF8.self).lowercased()) }
            _ = write(connection, answer, answer.utf8.count)
            close(connection)
        }

        /// What was sent for an Idempotency-Key, request by request.
        var keys: [String?] {
            heads.withLock { heads in
                heads.map { head in
                    head.split(separator: "\r\n").first { $0.hasPrefix("idempotency-key:") }.map(String.init)
                }
            }
        }
    }

    private static func response(_ status: String, _ type: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
    }

    @Test("has an order given again under the same key; another order has another")
    func order() async throws {
        let fine = Self.response("202 Accepted", "application/json", #"{"id":"s1"}"#)
        let server = try Deaf(["", "", fine, fine])
        try await CoordinatorClient.use(CoordinatorAddress(server.path)) { client in
            for _ in 0..<2 {
                let started: Started = try await client.post("/v1/surveys", json: ["a": 1])
                #expect(started.id == "s1")
            }
        }
        #expect(server.keys.count == 4)
        #expect(server.keys.allSatisfy { $0 != nil })
        #expect(Set(server.keys[..<3]).count == 1)
        #expect(server.keys[3] != server.keys[0])
    }

    @Test("no other request is made twice, nor one that was answered with no")
    func others() async throws {
        let no = Self.response(
            "503 Service Unavailable", "application/problem+json",
            #"{"type":"about:blank","title":"no","status":503}"#)
        let server = try Deaf(["", no])
        try await CoordinatorClient.use(CoordinatorAddress(server.path)) { client in
            await #expect(throws: ClientError.self) { try await client.delete("/v1/dead-letters/1") }
            await #expect(throws: ClientError.self) {
                let _: Started = try await client.post("/v1/surveys", json: ["a": 1])
            }
        }
        #expect(server.keys.map { $0 == nil } == [true, false])
    }
}
