import AMQP
import BrokerRights
import Contract
import Support

/// A broker of its own that was provisioned by `reflow provision --credentials`, and nothing else.
struct ProvisionedBroker {
    let broker: PrivateBroker
    let folder: CredentialFolder

    init(hosts: [String]) async throws {
        broker = try await PrivateBroker()
        folder = CredentialFolder(path: try RunFolder.subfolder("rights") + "/fleet")
        let provision = try Process(
            "reflow",
            ["provision", "--credentials", folder.path, "--broker", "amqp://127.0.0.1:\(broker.port)"]
                + hosts.flatMap { ["--host", $0] })
        guard await provision.wait() == .exited(0) else {
            throw Tool.Failure(description: provision.errors)
        }
        try await importDefinitions()
    }

    func importDefinitions() async throws {
        try await broker.evaluate(
            #"{ok, Json} = file:read_file("\#(folder.definitionsFile)"), ok = rabbit_definitions:import_raw(Json)."#
        )
    }

    /// What a program has in its environment where `role` is: its file, but for the place of the password.
    func environment(of role: Account.Role) throws -> [String: String] {
        let files = try Tool.run("sh", "-c", "cat '\(folder.folder(of: role))'/*.env")
        var environment: [String: String] = [:]
        for line in files.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1)
            environment[String(parts[0])] = String(parts[1])
        }
        environment["REFLOW_AMQP_PASSWORD_FILE"] = environment["REFLOW_AMQP_PASSWORD_FILE"]?.replacing(
            "/etc/reflow", with: folder.folder(of: role))
        return environment
    }

    func endpoint(of role: Account.Role) throws -> Endpoint {
        let environment = try environment(of: role)
        var endpoint = try Endpoint(url: environment["REFLOW_AMQP_URL"] ?? "")
        try endpoint.usePasswordFile(environment["REFLOW_AMQP_PASSWORD_FILE"] ?? "")
        return endpoint
    }

    /// Lends `work` a connection as `role`.
    func connected<Value>(as role: Account.Role, _ work: (Connection) async throws -> Value) async throws
        -> Value
    {
        let connection = Connection(try endpoint(of: role), ConnectionOptions(name: "test as \(role)"))
        connection.start()
        do {
            try await connection.waitUntilConnected(timeout: .seconds(30))
            let value = try await work(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Gives an account rights that provisioning does not.
    func allowEverything(to account: String) async throws {
        try await broker.evaluate(
            """
            rabbit_auth_backend_internal:set_permissions(<<"\(account)">>, <<"reflow">>, <<".*">>, <<".*">>, <<".*">>, <<"t">>), \
            rabbit_auth_backend_internal:clear_topic_permissions(<<"\(account)">>, <<"reflow">>, <<"t">>).
            """)
    }
}
