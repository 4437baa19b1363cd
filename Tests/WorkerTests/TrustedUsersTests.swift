import Contract
import Testing

@testable import Worker

@Suite("Whom a worker believes") struct TrustedUsersTests {
    @Test(
        "the coordinator's account and that of operators, or those that are named; nobody without an account",
        arguments: [
            (nil, nil, "reflow.coordinator", true), (nil, nil, "reflow.job", true),
            (nil, nil, "reflow.watch", false), (nil, nil, "reflow-beta", false), (nil, nil, nil, false),
            (nil, nil, "guest", false), (nil, "guest", "guest", true), (nil, "guest", "reflow.job", true),
            ("chief:other", nil, "other", true), ("chief", nil, "reflow.coordinator", false),
            ("chief", "guest", "guest", true), ("*", nil, nil, true), ("*", nil, "anybody", true),
        ] as [(String?, String?, String?, Bool)])
    func believed(trusted: String?, shared: String?, user: String?, isBelieved: Bool) throws {
        var environment = ["REFLOW_ROOTS": "/srv/vm", "REFLOW_HOST": "alpha"]
        environment["REFLOW_TRUSTED_USERS"] = trusted
        environment["REFLOW_SHARED_USER"] = shared
        let configuration = try ServeConfiguration(file: nil, environment: environment)
        let error = configuration.trustedUsers.distrust(of: user)
        #expect((error == nil) == isBelieved, "\(error.map { "\($0)" } ?? "")")
        guard let error else { return }
        #expect(error.code == .notBelieved)
        #expect(error.message.contains(user.map { "'\($0)'" } ?? "without a user-id"))
        #expect(error.message.contains(configuration.trustedUsers.names.joined(separator: ", ")))
    }

    @Test("an empty list is refused")
    func empty() {
        let error = #expect(throws: ConfigurationError.self) {
            try ServeConfiguration(
                file: nil, environment: ["REFLOW_ROOTS": "/srv/vm", "REFLOW_TRUSTED_USERS": ""])
        }
        #expect(error?.description.contains("REFLOW_TRUSTED_USERS") == true)
    }
}
