import ArgumentParser
import Contract
import Foundation
import ReflowAPI

extension CompletionKind {
    /// Ids of rollouts that `isWanted` says yes to, asked of the coordinator.
    static func rollouts(where isWanted: @escaping @Sendable (RolloutStatus) -> Bool = { _ in true })
        -> CompletionKind
    {
        .custom { words, _, _ in
            await asked(words) { client in
                let listing: Listing<RolloutStatus> = try await client.get("/v1/rollouts")
                return listing.items.filter(isWanted).map(\.id)
            }
        }
    }

    /// Names of hosts that `isWanted` says yes to, asked of the coordinator.
    static func hosts(where isWanted: @escaping @Sendable (HostStatus) -> Bool) -> CompletionKind {
        .custom { words, _, _ in
            await asked(words) { client in
                let listing: Listing<HostStatus> = try await client.get("/v1/hosts")
                return listing.items.filter(isWanted).map(\.name.description)
            }
        }
    }

    /// Names of all hosts.
    static var hosts: CompletionKind { hosts { _ in true } }

    /// Ids of dead letters, asked of the coordinator.
    static var deadLetters: CompletionKind {
        .custom { words, _, _ in
            await asked(words) { client in
                let listing: Listing<KeptDeadLetter> = try await client.get("/v1/dead-letters")
                return listing.items.map(\.id)
            }
        }
    }

    /// A shell waits for this: without an answer within two seconds there is nothing to complete.
    private static func asked(
        _ words: [String], _ work: @Sendable (CoordinatorClient) async throws -> [String]
    ) async -> [String] {
        let environment = ProcessInfo.processInfo.environment
        let option = words.firstIndex(of: "--url").flatMap { words.dropFirst($0 + 1).first }
        do {
            let address = try CoordinatorAddress(
                option ?? environment["REFLOW_URL"] ?? CoordinatorAddress.usual)
            return try await CoordinatorClient.use(
                address, token: environment["REFLOW_TOKEN"], caFile: environment["REFLOW_TLS_CA_FILE"],
                timeout: .seconds(2), work)
        } catch {
            return []
        }
    }
}
