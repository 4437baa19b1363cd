internal import CTLS
internal import Glibc

/// The files of this side's certificate.
public struct ClientCertificate: Hashable, Sendable {
    /// PEM file of the certificate, followed by those of its issuers below the one that the broker trusts.
    public var file: String
    /// PEM file of its key, without a passphrase.
    public var keyFile: String

    /// A certificate in `file`, with its key in `keyFile`.
    public init(file: String, keyFile: String) {
        self.file = file
        self.keyFile = keyFile
    }

    /// What a certificate says.
    public struct Contents: Hashable, Sendable {
        /// The common name of its subject: who it is for RabbitMQ with `ssl_cert_login_from = common_name`. Empty without one.
        public var commonName: String
        /// When it ceases to be valid, in seconds since 1970.
        public var expires: Int64
    }

    /// Reads the file.
    ///
    /// - Throws: ``AMQPError`` with code `tls`, which names the file.
    public func read() throws(AMQPError) -> Contents {
        var name = [CChar](repeating: 0, count: 256)
        var expires: Int64 = 0
        switch ctls_certificate(file, &name, CInt(name.count), &expires) {
        case 0:
            let bytes = name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            return Contents(commonName: String(decoding: bytes, as: UTF8.self), expires: expires)
        case let status where status < 0:
            throw AMQPError(
                .tls, "cannot read the certificate \(file): \(String(cString: strerror(-status)))")
        default:
            throw AMQPError(.tls, "\(file) holds no certificate in PEM")
        }
    }
}
