import AMQP
import ArgumentParser
import BrokerKit
import BrokerRights
import Contract
import DefragTypes
import Foundation

/// `reflow provision --credentials`: accounts and rights, in a folder.
struct CredentialOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write definitions.json and each host's files into this folder, which is made if it is not there.",
            valueName: "dir"),
        completion: .directory)
    var credentials: String?

    @Option(
        help: ArgumentHelp(
            "The virtual host of the fleet ('reflow', or what the folder has already).", valueName: "name"))
    var vhost: String?

    @Option(
        help: ArgumentHelp(
            "Where hosts and programs find the broker (that of REFLOW_AMQP_URL).", valueName: "url"))
    var broker: String?

    @Option(
        help: ArgumentHelp("Give this host a new password; once for each host.", valueName: "host"),
        transform: HostName.argument)
    var rotate: [HostName] = []

    @Option(
        help: ArgumentHelp(
            "Take this host's account away for good: an import deletes nothing, so the commands that do are printed.",
            valueName: "host"),
        transform: HostName.argument)
    var revoke: [HostName] = []

    @Flag(help: "Run the commands for the broker, where rabbitmqctl can be had, instead of printing them.")
    var apply = false

    func validate(besides other: Bool) throws {
        guard credentials == nil else {
            if other { throw ValidationError("--credentials goes with neither --policies nor --dry-run.") }
            let isName = vhost.map { name in
                name == "/"
                    || !name.isEmpty
                        && name.allSatisfy {
                            $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0))
                        }
            }
            if isName == false { throw ValidationError("--vhost is of letters, digits and -._, or /.") }
            return
        }
        if vhost != nil || broker != nil || !rotate.isEmpty || !revoke.isEmpty || apply {
            throw ValidationError("--vhost, --broker, --rotate, --revoke and --apply need --credentials.")
        }
    }

    /// Writes the folder, and says what is to be done with it, or does it.
    func provision(
        _ hosts: [HostName], _ hostQueues: Topology.HostQueues, in folder: CredentialFolder
    ) throws {
        let former = try folder.read()
        let virtualHost = vhost ?? former.virtualHost ?? "reflow"
        if let before = former.virtualHost, before != virtualHost {
            throw Failure(
                .usage,
                "\(folder.path) is of the virtual host '\(before)': name another folder for '\(virtualHost)'")
        }
        if let stranger = rotate.first(where: { !former.hosts.contains($0) }) {
            throw Failure(.usage, "\(folder.path) has no host \(stranger) to rotate")
        }
        let credentials = FleetCredentials(
            former, virtualHost: virtualHost, added: Set(hosts), rotated: Set(rotate), revoked: Set(revoke))
        let endpoint: Endpoint
        let url = broker ?? ProcessInfo.processInfo.environment["REFLOW_AMQP_URL"] ?? Endpoint.localURL
        do { endpoint = try Endpoint(url: url) } catch {
            throw Failure(
                .configuration, "\(broker == nil ? "REFLOW_AMQP_URL" : "--broker"): \(error.message)")
        }
        try folder.write(
            credentials, credentials.definitions(hostQueues: hostQueues), broker: endpoint,
            isNewBroker: broker != nil)
        let added = credentials.hosts.count { !former.hosts.contains($0) }
        note(
            "\(folder.path) has the accounts of \(counted(credentials.hosts.count, "host")), \(added) of them new"
                + (rotate.isEmpty ? "" : ", \(rotate.count) with a new password"))
        for host in revoke { try folder.forget(host) }
        try deal(with: revoke.map { Revocation(of: $0, virtualHost: virtualHost) }, folder)
    }

    private func deal(with revocations: [Revocation], _ folder: CredentialFolder) throws {
        // From stdin: Debian's rabbitmqctl runs as another user, elsewhere.
        try say("rabbitmqctl import_definitions <\(shellLine([folder.definitionsFile]))")
        if apply {
            try BrokerAdministrator.run(
                ["rabbitmqctl", "import_definitions"], input: folder.definitionsFile)
        }
        for command in revocations.flatMap(\.commands) {
            try say(shellLine(command))
            if apply { try BrokerAdministrator.run(command) }
        }
        guard !revocations.isEmpty else { return }
        let accounts = Set(revocations.map { AccountName.host($0.host) })
        guard apply else {
            return note(
                "run these where the broker is, and look: rabbitmqctl export_definitions - | reflow security check --credentials \(shellLine([folder.path])) -"
            )
        }
        let left = try BrokerAdministrator.accounts().intersection(accounts)
        guard left.isEmpty else {
            throw Failure(.failed, "still there: \(left.sorted().joined(separator: ", "))")
        }
    }
}
