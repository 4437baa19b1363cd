import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the tokens again at each SIGHUP. What cannot be read leaves them as they are.
struct ReloadService: Service {
    /// What listens by TCP; `nil` if nothing does.
    let tcp: Listeners.TCP?
    let tokens: TokenList
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { reload() }
        }
    }

    private func reload() {
        guard let tcp else { return log.info("SIGHUP: there are no tokens to be read again") }
        do {
            let fresh = try TokenFile(path: tcp.tokenFile).tokens
            let revoked = tokens.replace(with: fresh)
            log.info(
                "the tokens were read again",
                metadata: [
                    "tokens": "\(fresh.count)",
                    "revoked": "\(revoked.isEmpty ? "none" : revoked.joined(separator: ", "))",
                ])
        } catch {
            log.error("the tokens are as before: the file cannot be used", metadata: ["why": "\(error)"])
        }
    }
}
