import AMQP
import BrokerKit
import Contract
import Foundation
import Support
import Testing

@testable import BrokerRights

@Suite("Credentials of a fleet") struct CredentialFolderTests {
    private func host(_ name: String) throws -> HostName { try #require(HostName(name)) }

    /// Every file of `folder` with its text, and its mode.
    private func files(in folder: CredentialFolder) throws -> [String: (text: String, mode: Int)] {
        var files: [String: (String, Int)] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let path = "\(folder.path)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            files[name] = (isFolder ? "" : try String(contentsOfFile: path, encoding: .utf8), mode)
        }
        return files
    }

    @discardableResult
    private func provision(
        _ folder: CredentialFolder, _ added: [HostName] = [], rotated: [HostName] = [],
        revoked: [HostName] = [], broker: String = "amqps://broker.example.net", isNewBroker: Bool = false
    ) throws -> FleetCredentials {
        let credentials = FleetCredentials(
            try folder.read(), virtualHost: "reflow", added: Set(added), rotated: Set(rotated),
            revoked: Set(revoked))
        for host in revoked { try folder.forget(host) }
        try folder.write(
            credentials, credentials.definitions(hostQueues: .quorum), broker: try Endpoint(url: broker),
            isNewBroker: isNewBroker)
        return credentials
    }

    @Test("are written for each host and program, for nobody else to read, and again without a change")
    func twice() throws {
        let folder = CredentialFolder(path: try RunFolder.subfolder("credentials") + "/fleet")
        let (alpha, beta) = (try host("alpha"), try host("beta"))
        try provision(folder, [alpha])
        let first = try files(in: folder)
        #expect(
            Set(first.keys.filter { $0.contains(".") }) == [
                "definitions.json", "hosts/alpha/worker.env", "hosts/alpha/worker.password",
                "coordinator/coordinator.env", "coordinator/coordinator.password", "job/job.env",
                "job/job.password", "watch/watch.env", "watch/watch.password", "provision/provision.env",
                "provision/provision.password",
            ])
        for (name, file) in first { #expect(file.mode == (file.text.isEmpty ? 0o700 : 0o600), "\(name)") }
        let environment = try #require(first["hosts/alpha/worker.env"]?.text)
        #expect(environment.contains("REFLOW_AMQP_URL=amqps://reflow-alpha@broker.example.net:5671/reflow\n"))
        #expect(environment.contains("REFLOW_AMQP_PASSWORD_FILE=/etc/reflow/worker.password\n"))
        #expect(environment.contains("REFLOW_HOST=alpha\n"))

        try provision(folder)
        #expect(try files(in: folder).mapValues(\.text) == first.mapValues(\.text), "nothing has changed")

        try provision(folder, [beta, alpha], broker: "amqp://other")
        let second = try files(in: folder)
        for (name, file) in first where name != "definitions.json" {
            #expect(second[name]?.text == file.text, "\(name)")
        }
        #expect(second["hosts/beta/worker.env"]?.text.contains("reflow-beta@other") == true)
        let before = try ExportedDefinitions(json: Array((first["definitions.json"]?.text ?? "").utf8))
        let after = try ExportedDefinitions(json: Array((second["definitions.json"]?.text ?? "").utf8))
        for user in before.users {
            #expect(after.users.first { $0.name == user.name }?.passwordHash == user.passwordHash)
        }
        try provision(folder, broker: "amqp://third", isNewBroker: true)
        #expect(try files(in: folder)["hosts/alpha/worker.env"]?.text.contains("@third") == true)
    }

    @Test("one host's are rotated, and one's revoked, and the others stay")
    func rotation() throws {
        let folder = CredentialFolder(path: try RunFolder.subfolder("credentials") + "/fleet")
        let (alpha, beta) = (try host("alpha"), try host("beta"))
        let first = try provision(folder, [alpha, beta])
        let second = try provision(folder, rotated: [alpha])
        for (old, new) in zip(first.entries, second.entries) {
            let isRotated = old.account.name == "reflow-alpha"
            #expect((old.password != new.password) == isRotated, "\(old.account.name)")
            #expect((old.hash != new.hash) == isRotated, "\(old.account.name)")
            #expect(new.hash.matches(new.password))
        }
        let third = try provision(folder, revoked: [alpha])
        #expect(third.hosts == [beta])
        #expect(try folder.read().hosts == [beta])
        #expect(try files(in: folder)["definitions.json"]?.text.contains("alpha") == false)
        #expect(
            Revocation(of: alpha, virtualHost: "reflow").commands.map { shellLine($0) } == [
                "rabbitmqctl delete_user reflow-alpha",
                "rabbitmqctl delete_queue -p reflow reflow.tasks.alpha",
                "rabbitmqctl delete_queue -p reflow reflow.control.alpha",
            ])
    }

    @Test("that others can read, or that cannot be read, are named")
    func refused() throws {
        let folder = CredentialFolder(path: try RunFolder.subfolder("credentials") + "/fleet")
        try provision(folder, [try host("alpha")])
        let password = "\(folder.path)/hosts/alpha/worker.password"
        try Tool.run("chmod", "644", password)
        let open = #expect(throws: CredentialFolder.Refused.self) { try folder.read() }
        #expect(open?.description.contains("chmod o= '\(password)'") == true)
        try Tool.run("chmod", "600", password)
        try Tool.run("sh", "-c", "echo x > '\(folder.definitionsFile)'")
        let broken = #expect(throws: CredentialFolder.Refused.self) { try folder.read() }
        #expect(broken?.description.contains(folder.definitionsFile) == true)
    }
}
