import Foundation
import Glibc
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// What the API shows of itself by TLS: a chain of certificates and its key, from two files that are read again when they change.
final class Certificates: Sendable {
    /// Where they are, in PEM.
    struct Files: Hashable, Sendable {
        /// The server's certificate, then those that lead to the authority.
        var certificate: String
        /// Not for everybody to read.
        var key: String
    }

    private struct Pair {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
    }

    /// What tells a file from one that was put in its place, or has changed.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (inode, size) = (UInt64(status.st_ino), Int(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private let files: Files
    private let log: Logger
    private let state: Mutex<(pair: Pair, read: [Stamp?])>

    /// Reads the files.
    ///
    /// - Throws: ``ConfigurationError``.
    init(_ files: Files, log: Logger) throws(ConfigurationError) {
        self.files = files
        self.log = log
        let read = Self.stamps(files)
        state = Mutex((try Self.pair(files), read))
    }

    /// For a server: TLS 1.2 at least; each connection is shown what the files hold by then.
    var configuration: TLSConfiguration {
        let pair = current()
        var configuration = Self.configuration(pair)
        configuration.sslContextCallback = { [self] _, promise in
            // Not on the connection's thread: what cannot be used leaves errors there that BoringSSL takes for the handshake's.
            Task {
                let pair = current()
                var shown = NIOSSLContextConfigurationOverride()
                (shown.certificateChain, shown.privateKey) = (pair.chain, pair.key)
                promise.succeed(shown)
            }
        }
        return configuration
    }

    /// What the files hold; where they have changed and cannot be used, what they held before, which the log says once. One that is
    /// replaced before the other passes so.
    private func current() -> Pair {
        state.withLock { state in
            let stamps = Self.stamps(files)
            guard stamps != state.read else { return state.pair }
            state.read = stamps
            do {
                state.pair = try Self.pair(files)
                log.info("the certificate was read again", metadata: ["file": "\(files.certificate)"])
            } catch {
                log.error(
                    "the certificate is as before: what is there now cannot be used",
                    metadata: ["why": "\(error)"])
            }
            return state.pair
        }
    }

    private static func stamps(_ files: Files) -> [Stamp?] { [Stamp(files.certificate), Stamp(files.key)] }

    private static func pair(_ files: Files) throws(ConfigurationError) -> Pair {
        var status = stat()
        guard stat(files.key, &status) == 0 else {
            throw ConfigurationError("\(files.key): \(String(cString: strerror(errno)))")
        }
        guard !status.isForEverybody else {
            throw ConfigurationError("\(files.key) can be read by everybody: chmod o= '\(files.key)'")
        }
        func read<Value>(_ path: String, _ what: String, _ read: () throws -> Value)
            throws(ConfigurationError) -> Value
        {
            do {
                return try read()
            } catch {
                throw ConfigurationError("\(path) \(what): \(error)")
            }
        }
        let chain = try read(files.certificate, "is no certificate in PEM, or cannot be read") {
            try NIOSSLCertificate.fromPEMFile(files.certificate)
        }
        guard !chain.isEmpty else {
            throw ConfigurationError("\(files.certificate) has no certificate in PEM")
        }
        let key = try read(files.key, "is no key in PEM without a passphrase, or cannot be read") {
            try NIOSSLPrivateKey(file: files.key, format: .pem)
        }
        let pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(key))
        _ = try read(files.key, "is not the key of the first certificate in \(files.certificate)") {
            try NIOSSLContext(configuration: configuration(pair))
        }
        return pair
    }

    private static func configuration(_ pair: Pair) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain, privateKey: pair.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}
