public import AMQP
public import Contract
import Foundation
import Glibc

/// The folder of `reflow provision --credentials`: the definitions for the broker, and a folder for each host and each program
/// with exactly the files that belong into its `/etc/reflow`. All of it is its owner's alone.
public struct CredentialFolder: Sendable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// Something in it that cannot be used.
    public struct Refused: Error, CustomStringConvertible {
        public let description: String
    }

    /// The file for `rabbitmqctl import_definitions`.
    public var definitionsFile: String { "\(path)/definitions.json" }

    /// The folder of the files that belong where `role` is.
    public func folder(of role: Account.Role) -> String {
        if case .host(let host) = role { "\(path)/hosts/\(host)" } else { "\(path)/\(role.stem)" }
    }

    private func file(_ role: Account.Role, _ kind: String) -> String {
        "\(folder(of: role))/\(role.stem).\(kind)"
    }

    // MARK: - What is there

    /// What was provisioned before; nothing where there is no folder.
    public func read() throws -> FleetCredentials.Former {
        var former = FleetCredentials.Former()
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/hosts")) ?? []
        former.hosts = Set(
            folders.compactMap { HostName($0) }.filter {
                FileManager.default.fileExists(atPath: file(.host($0), "password"))
            })
        for account in Account.shared + former.hosts.map(Account.host) {
            let path = file(account.role, "password")
            guard FileManager.default.fileExists(atPath: path) else { continue }
            do { former.passwords[account.name] = try PasswordFile(path: path).read() } catch {
                throw Refused(description: error.message)
            }
        }
        guard FileManager.default.fileExists(atPath: definitionsFile) else { return former }
        guard let bytes = FileManager.default.contents(atPath: definitionsFile),
            let definitions = try? ExportedDefinitions(json: Array(bytes))
        else {
            throw Refused(
                description: "\(definitionsFile) cannot be read: delete it, and all but it is made anew")
        }
        former.virtualHost = definitions.permissions.first { $0.user == AccountName.coordinator }?.vhost
        for user in definitions.users {
            former.hashes[user.name] = user.passwordHash.flatMap { PasswordHash($0) }
        }
        return former
    }

    // MARK: - What is written

    /// Writes all of `credentials`. Where a program finds the broker is written for those who have no such file yet; for all
    /// if `broker` is new.
    ///
    /// - Parameters:
    ///   - credentials: who gets files.
    ///   - definitions: what the broker is given.
    ///   - broker: how it is reached; its user, password and virtual host do not matter.
    ///   - isNewBroker: whether those who have files are told, too.
    /// - Throws: ``Refused`` where something cannot be written.
    public func write(
        _ credentials: FleetCredentials, _ definitions: Definitions, broker: Endpoint, isNewBroker: Bool
    ) throws {
        try makePrivateFolder(path)
        try makePrivateFolder("\(path)/hosts")
        for entry in credentials.entries {
            let role = entry.account.role
            try makePrivateFolder(folder(of: role))
            try writePrivately(entry.password + "\n", to: file(role, "password"))
            guard isNewBroker || !FileManager.default.fileExists(atPath: file(role, "env")) else { continue }
            try writePrivately(
                environment(of: entry.account, credentials.virtualHost, broker), to: file(role, "env"))
        }
        // The broker is given no password that a power cut takes away here.
        sync()
        try writePrivately(try definitions.json() + "\n", to: definitionsFile)
    }

    /// Deletes the files of a host.
    public func forget(_ host: HostName) throws {
        let folder = folder(of: .host(host))
        guard FileManager.default.fileExists(atPath: folder) else { return }
        try FileManager.default.removeItem(atPath: folder)
    }

    private func environment(of account: Account, _ virtualHost: String, _ broker: Endpoint) -> String {
        var endpoint = broker
        (endpoint.user, endpoint.vhost) = (account.name, virtualHost)
        let stem = account.role.stem
        var lines = [
            "# /etc/reflow/\(stem).env, written by reflow provision --credentials.",
            "REFLOW_AMQP_URL=\(endpoint)", "REFLOW_AMQP_PASSWORD_FILE=/etc/reflow/\(stem).password",
        ]
        if case .host(let host) = account.role { lines.append("REFLOW_HOST=\(host)") }
        if endpoint.tls != nil {
            lines += ["# The authority of the broker's certificate, unless the system knows it:"]
            lines += ["#REFLOW_TLS_CA_FILE=/etc/reflow/ca.pem"]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Account.Role {
    /// What its files are called by.
    fileprivate var stem: String {
        switch self {
        case .coordinator: "coordinator"
        case .job: "job"
        case .watch: "watch"
        case .provision: "provision"
        case .host: "worker"
        }
    }
}

/// Makes the folder at `path`, which nobody else may look into.
private func makePrivateFolder(_ path: String) throws {
    guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
    throw CredentialFolder.Refused(description: "\(path) cannot be made: \(String(cString: strerror(errno)))")
}

/// Puts `text` in the place of the file at `path`, which is never there in part, nor for others to read.
private func writePrivately(_ text: String, to path: String) throws {
    func failure(_ number: Int32) -> CredentialFolder.Refused {
        CredentialFolder.Refused(
            description: "\(path) cannot be written: \(String(cString: strerror(number)))")
    }
    if FileManager.default.contents(atPath: path) == Data(text.utf8), chmod(path, 0o600) == 0 { return }
    let new = path + ".new"
    unlink(new)
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno != EINTR { throw failure(errno) }
        bytes = bytes.dropFirst(max(0, count))
    }
    guard rename(new, path) == 0 else { throw failure(errno) }
}
