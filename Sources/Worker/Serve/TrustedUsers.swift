import AMQP
import BrokerKit
import Contract
import Logging
import Synchronization

/// The broker accounts whose tasks and desired states this worker believes. The broker has validated the user-id of a message: it is
/// the account that published it.
struct TrustedUsers: Sendable {
    /// Those that `reflow provision --credentials` makes for coordinators and operators.
    static let provisioned = [AccountName.coordinator, AccountName.job]
    /// In the place of a name: anybody, also who says no account.
    static let everybody = "*"

    let names: [String]

    /// Whether anybody who may publish to this host's queues is believed.
    var includeEverybody: Bool { names.contains(Self.everybody) }

    /// Why what `user` has published is not believed; `nil` if it is.
    func distrust(of user: String?) -> ContractError? {
        if includeEverybody { return nil }
        if let user, names.contains(user) { return nil }
        let publisher = user.map { "published by '\($0)'" } ?? "published without a user-id"
        return ContractError(
            .notBelieved,
            "\(publisher); this worker's trustedUsers are \(names.joined(separator: ", "))")
    }
}

/// Turns away what nobody trusted has published, and says so once in a while of each account.
final class SenderCheck: Sendable {
    private let trusted: TrustedUsers
    private let log: Logger
    private let repetitions = Mutex(Repetitions<String>(every: .seconds(3600)))

    init(_ trusted: TrustedUsers, log: Logger) {
        self.trusted = trusted
        self.log = log
    }

    /// - Throws: ``ContractError`` with the code `notBelieved`.
    func check(_ delivery: Delivery) throws(ContractError) {
        guard let error = trusted.distrust(of: delivery.properties.userID) else { return }
        let account = delivery.properties.userID ?? ""
        if let silent = repetitions.withLock({ $0.isDue(account, "", at: .now) }) {
            log.warning(
                "a message is not believed, to the dead letters",
                metadata: [
                    "why": "\(error.message)", "exchange": "\(delivery.exchange)", "repeated": "\(silent)",
                ])
        }
        throw error
    }
}
