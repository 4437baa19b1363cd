import AMQP
import DefragTypes
import Foundation

/// The broker, from the environment: a password does not belong on a command line.
struct Broker {
    let endpoint: Endpoint
    /// The broker user that speaks for every host, where all share one.
    let sharedUser: String?
    /// How long a command waits for the broker before it gives up.
    let patience: Duration

    /// Reads `REFLOW_AMQP_URL`, `REFLOW_AMQP_PASSWORD_FILE`, `REFLOW_TLS_CA_FILE`, `REFLOW_TLS_CERT_FILE`, `REFLOW_TLS_KEY_FILE`,
    /// `REFLOW_SHARED_USER` and `REFLOW_CONNECT_TIMEOUT`.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(Failure) {
        var endpoint: Endpoint
        do {
            endpoint = try Endpoint(
                url: environment["REFLOW_AMQP_URL"] ?? Endpoint.localURL,
                files: TLSFiles(
                    authorities: environment["REFLOW_TLS_CA_FILE"],
                    certificate: environment["REFLOW_TLS_CERT_FILE"], key: environment["REFLOW_TLS_KEY_FILE"])
            )
        } catch {
            throw Failure(.configuration, "REFLOW_AMQP_URL: \(error.message)")
        }
        if let path = environment["REFLOW_AMQP_PASSWORD_FILE"] {
            do { try endpoint.usePasswordFile(path) } catch {
                throw Failure(.configuration, "REFLOW_AMQP_PASSWORD_FILE: \(error.message)")
            }
        }
        self.endpoint = endpoint
        sharedUser = environment["REFLOW_SHARED_USER"]
        let text = environment["REFLOW_CONNECT_TIMEOUT"] ?? "10s"
        guard let patience = Duration(text: text) else {
            throw Failure(.configuration, "REFLOW_CONNECT_TIMEOUT: '\(text)' is not a duration such as 10s")
        }
        self.patience = patience
    }

    /// A connection that is up, called `name` in the broker's listings.
    func connect(_ name: String) async throws(Failure) -> Connection {
        let connection = Connection(endpoint, ConnectionOptions(name: name))
        connection.start()
        do {
            try await connection.waitUntilConnected(timeout: patience)
            return connection
        } catch {
            await connection.close()
            throw Failure(broker: error)
        }
    }
}

/// Why a command ends without having done its work: printed to stderr, with its exit status.
struct Failure: Error, CustomStringConvertible {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The store cannot be opened. Of a file that is not for this program, or in no folder, another start makes nothing better.
    init(_ error: StoreError) {
        switch error.code {
        case .noFolder, .notOurs, .newerSchema: self.init(.configuration, error.message)
        case .cannotOpen, .inUse, .unknown: self.init(.failed, error.message)
        }
    }

    init(broker error: any Error) {
        guard let error = error as? AMQPError else {
            self.init(any: error)
            return
        }
        switch error.code {
        case .credentialsRefused:
            self.init(
                .notPermitted,
                "\(error.message). Check user and password in REFLOW_AMQP_URL, or the certificate's common name"
            )
        case .accessRefused:
            self.init(
                .notPermitted,
                "\(error.message). The password is right, but the account lacks a right: see 'rabbitmqctl list_permissions'"
            )
        case .vhostNotFound, .invalidURL:
            self.init(.configuration, "\(error.message). Check REFLOW_AMQP_URL")
        case .tls, .limitReached: self.init(.unavailable, error.message)
        case .unreachable, .timeout, .closed:
            self.init(.unavailable, "\(error.message). Is the broker running, and REFLOW_AMQP_URL right?")
        case .notFound:
            self.init(.failed, "\(error.message). Has 'reflow provision' been run on this broker?")
        default:
            self.init(.failed, error.message)
        }
    }

    var description: String { message }
}
