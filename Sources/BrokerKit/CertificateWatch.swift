public import AMQP
public import DefragTypes
import Glibc
public import Logging
import Synchronization

/// Looks after what a program's TLS lives by: says in time that its certificate ends, and always that the broker is not verified.
public final class CertificateWatch: Sendable {
    private let endpoint: Endpoint
    private let log: Logger
    private let latest: Mutex<Timestamp?>

    /// Of the connections to `endpoint`.
    public init(_ endpoint: Endpoint, log: Logger) {
        self.endpoint = endpoint
        self.log = log
        let contents = try? endpoint.tls?.certificate?.read()
        latest = Mutex(contents.map { Timestamp(unixSeconds: $0.expires) })
    }

    /// When the certificate in the file ends, as last read; `nil` without one.
    public var expires: Timestamp? { latest.withLock { $0 } }

    /// So long before its end a certificate is worth a warning.
    static let notice: Int64 = 14 * 86_400

    /// Looks each minute, until cancelled; the same warning comes once a day.
    public func run() async {
        guard let tls = endpoint.tls else { return }
        if !tls.verifiesPeer {
            log.warning(
                "verify=verify_none: anybody in between can read and change everything, the password too; name the authority in tlsCAFile instead",
                metadata: ["broker": "\(endpoint)"])
        }
        guard let certificate = tls.certificate else { return }
        var repetitions = Repetitions<String>(every: .seconds(86_400))
        repeat {
            let warning = look(at: certificate)
            if let warning {
                if repetitions.isDue(certificate.file, warning, at: .now) != nil {
                    log.warning("\(warning)", metadata: ["tlsCertFile": "\(certificate.file)"])
                }
            } else {
                repetitions.end(certificate.file)
            }
        } while (try? await Task.sleep(for: .seconds(60))) != nil
    }

    private func look(at certificate: ClientCertificate) -> String? {
        do {
            let end = try certificate.read().expires
            latest.withLock { $0 = Timestamp(unixSeconds: end) }
            return Self.warning(end: end, now: Int64(time(nil)))
        } catch { return error.message }
    }

    /// What is to be said of a certificate that ends at `end`, in seconds since 1970; `nil` while there is time.
    static func warning(end: Int64, now: Int64) -> String? {
        let time = Timestamp(unixSeconds: end)
        switch end - now {
        case ..<0: return "the certificate has expired at \(time): the next connection will fail"
        case ..<notice:
            return "the certificate expires at \(time), in less than \((end - now) / 86_400 + 1) days"
        default: return nil
        }
    }
}
