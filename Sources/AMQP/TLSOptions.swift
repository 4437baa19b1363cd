/// How the two sides of a TLS connection prove who they are. The version is at least 1.2.
///
/// The files are read at each attempt to connect: a certificate that was renewed is used from the next connection on.
public struct TLSOptions: Hashable, Sendable {
    /// PEM file of the authorities to trust. The default is Debian's collection.
    public var caFile = "/etc/ssl/certs/ca-certificates.crt"
    /// This side's certificate, if the broker asks for one.
    public var certificate: ClientCertificate?
    /// Whether the broker's certificate must come from a trusted authority and be for the name, or for the address, of the
    /// URL. Leave it on.
    public var verifiesPeer = true

    /// Verifies the broker against the authorities of the system.
    public init() {}
}
