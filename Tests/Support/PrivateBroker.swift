import Dispatch
import Glibc

/// A RabbitMQ node of its own on loopback, with `deploy/rabbitmq/rabbitmq.conf`, run by
/// `deploy/rabbitmq/private-broker`; it and its files are removed with this process, however that ends.
public final class PrivateBroker: Sendable {
    /// The port of AMQP; the two after it are taken as well.
    public let port: UInt16
    private let directory: String
    /// The node whose cluster this one is in, if it was not the first.
    private let peer: PrivateBroker?
    private let script: Program
    /// Commands are sent one after the other.
    private let queue = DispatchQueue(label: "private-broker")

    /// Where to connect, as the administrator `guest`.
    public var url: String { url(user: "guest", password: "guest") }

    /// Where to connect as `user`.
    public func url(user: String, password: String) -> String {
        "amqp://\(user):\(password)@127.0.0.1:\(port)"
    }

    private static let sharedBroker = Task { try await PrivateBroker() }

    /// The one that tests of this process share, started when first asked for.
    public static func shared() async throws -> PrivateBroker { try await sharedBroker.value }

    /// Starts a node; `configuration` holds lines in the format of `rabbitmq.conf`, on top of the production file. `plugins` are
    /// enabled. It joins the cluster of `peer`, if there is one.
    public init(
        configuration: String = "", plugins: [String] = [], peer: PrivateBroker? = nil
    ) async throws {
        self.peer = peer
        port = try Self.freePorts(3)
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        directory = "\(temporary)/reflow-broker-\(getpid())-\(port)"
        guard mkdir(directory, 0o755) == 0 else {
            throw Tool.Failure(description: "cannot make \(directory)")
        }
        var arguments = [Self.scriptPath, directory, String(port)]
        if !configuration.isEmpty || !plugins.isEmpty || peer != nil {
            let path = "\(directory)/overrides.conf"
            guard let file = fopen(path, "w") else {
                throw Tool.Failure(description: "cannot write \(path)")
            }
            fputs(configuration + "\n", file)
            fclose(file)
            arguments.append(path)
        }
        if !plugins.isEmpty || peer != nil { arguments.append(plugins.joined(separator: ",")) }
        if let peer { arguments += [peer.directory, String(peer.port)] }
        script = try Program(arguments)
        try await start()
    }

    deinit {
        // The script clears up when it reads the end.
        script.end()
    }

    // MARK: Power

    /// Starts the node; returns when it listens.
    public func start() async throws {
        let answer = try await command("start")
        guard answer.hasPrefix("started") else {
            throw Tool.Failure(description: "the broker did not start")
        }
    }

    /// Stops the node as an operator would.
    public func stop() async throws {
        _ = try await command("stop")
    }

    /// Kills the node as a power cut would.
    public func kill() async throws {
        _ = try await command("kill")
    }

    private func command(_ line: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                script.write(line + "\n")
                continuation.resume(returning: script.readLine())
            }
        }
    }

    // MARK: Administration

    /// Evaluates Erlang expressions (each ended by a full stop) in the node; milliseconds, where rabbitmqctl takes
    /// seconds.
    ///
    /// - Returns: the printed value.
    @discardableResult
    public func evaluate(_ erlang: String) async throws -> String {
        let command = [
            "timeout", "60", "env", "ERL_EPMD_PORT=\((peer?.port ?? port) + 1)", "HOME=\(directory)",
            try Self.erlCall(),
            "-c", try cookie(),
            "-sname", "reflow-\(port)@localhost",
            // A name of its own: the node refuses a second one of the same name until it has forgotten the first.
            "-h", "test\(UInt32.random(in: 0 ... .max))", "-e",
        ]
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        let call = try Program(command)
                        call.write(erlang + "\n")
                        let result = call.readToEnd()
                        guard result.hasPrefix("{ok, ") else {
                            throw Tool.Failure(description: "\(erlang): \(result)")
                        }
                        return String(result.dropFirst("{ok, ".count).dropLast())
                    })
            }
        }
    }

    /// Makes the node believe that memory is short, or not any more: publishers are blocked meanwhile.
    public func setMemoryAlarm(_ isOn: Bool) async throws {
        try await evaluate(
            isOn
                ? "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})."
                : "rabbit_alarm:clear_alarm({resource_limit, memory, node()}).")
    }

    /// The port of the node that leads the quorum queue `name`, as this node knows it.
    public func leader(ofQueue name: String) async throws -> UInt16? {
        let node = try await evaluate(
            """
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"\(name)">>)), \
            case amqqueue:get_pid(Q) of {_, Node} -> Node; _ -> none end.
            """)
        return node.split(separator: "@").first?.split(separator: "-").last.flatMap { UInt16($0) }
    }

    /// Closes the connections of clients that call themselves `name`, from the broker's side.
    public func closeConnections(named name: String) async throws {
        try await evaluate(
            """
            [rabbit_networking:close_connection(Pid, "closed by the test") || \
            [{pid, Pid}, {client_properties, P}] <- rabbit_networking:connection_info_all([pid, client_properties]), \
            is_list(P), lists:member({<<"connection_name">>, longstr, <<"\(name)">>}, P)].
            """)
    }

    /// Adds a user, or changes the password of one, who may do everything in the default virtual host, or nothing.
    public func setUser(
        _ name: String, password: String, mayUseDefaultVirtualHost: Bool = true
    ) async throws {
        try await evaluate(
            """
            case rabbit_auth_backend_internal:exists(<<"\(name)">>) of \
            true -> rabbit_auth_backend_internal:change_password(<<"\(name)">>, <<"\(password)">>, <<"test">>); \
            false -> rabbit_auth_backend_internal:add_user(<<"\(name)">>, <<"\(password)">>, <<"test">>) end.
            """)
        guard mayUseDefaultVirtualHost else { return }
        try await evaluate(
            """
            rabbit_auth_backend_internal:set_permissions(\
            <<"\(name)">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).
            """)
    }

    // MARK: -

    private func cookie() throws -> String {
        guard let file = fopen("\(directory)/.erlang.cookie", "r") else {
            throw Tool.Failure(description: "the broker has no cookie")
        }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 64)
        fgets(&buffer, 64, file)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static let scriptPath = {
        let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(here)/deploy/rabbitmq/private-broker"
    }()

    /// Part of Debian's erlang-base.
    private static func erlCall() throws -> String {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob("/usr/lib/erlang/erts-*/bin/erl_call", 0, nil, &found) == 0,
            let path = found.gl_pathv?.pointee
        else { throw Tool.Failure(description: "erl_call not found: apt install rabbitmq-server") }
        return String(cString: path)
    }

    /// A range of `count` ports of loopback without listeners, below those that the kernel assigns.
    public static func freePorts(_ count: UInt16) throws -> UInt16 {
        for _ in 0..<1000 {
            let first = UInt16.random(in: 20000..<32000)
            if (first..<first + count).allSatisfy(isFree) { return first }
        }
        throw Tool.Failure(description: "no free ports")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
