import COpenSSL
import Foundation

/// A password as RabbitMQ keeps it: the base64 of a salt of four bytes and SHA-256(salt + password)
/// (rabbit_password_hashing_sha256, its default algorithm).
public struct PasswordHash: Hashable, Sendable, CustomStringConvertible {
    /// As definitions have it.
    public let description: String
    private let salt: [UInt8]

    /// What the broker calls the algorithm.
    public static let algorithm = "rabbit_password_hashing_sha256"

    /// The hash of `password` under a salt, by default a new one.
    public init(of password: String, salt: UInt32 = .random(in: .min ... .max)) {
        self.init(password, withUnsafeBytes(of: salt.bigEndian) { Array($0) })
    }

    /// One that was written before; `nil` if it is none.
    public init?(_ text: String) {
        guard let bytes = Data(base64Encoded: text), bytes.count == 36 else { return nil }
        description = text
        salt = Array(bytes.prefix(4))
    }

    private init(_ password: String, _ salt: [UInt8]) {
        self.salt = salt
        description = Data(salt + sha256(salt + Array(password.utf8))).base64EncodedString()
    }

    /// Whether it is of `password`.
    public func matches(_ password: String) -> Bool { PasswordHash(password, salt) == self }
}

/// The SHA-256 of `bytes`.
private func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    // It fails only where there is no memory.
    let isDone = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    precondition(isDone == 1, "libcrypto has no SHA-256")
    return digest
}

/// A password that nobody guesses: 256 bits, of letters, digits, `-` and `_`, so that it needs no quotes anywhere.
public func newPassword() -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var generator = SystemRandomNumberGenerator()
    return String((0..<43).map { _ in letters[Int.random(in: letters.indices, using: &generator)] })
}
