import Contract
import Foundation
import GRDB

extension Store {
    /// A message that is to be published: stored together with what has caused it, taken out once the broker has confirmed it.
    /// So it is published at least once; whoever gets it twice recognises its id.
    struct Outgoing: Hashable, Sendable {
        /// Its place in the order of publication.
        var id: Int64 = 0
        var exchange: String
        var routingKey: String
        var messageID: String
        var contentType: String
        /// Its CloudEvents type.
        var type: String
        var body: [UInt8]
        /// What it is.
        var kind: Kind
        /// For whom; `nil` for no host in particular.
        var host: String?
        /// Id of the task that it is: of interest if it cannot be delivered.
        var task: String?

        /// The queue that it goes to: what is published there keeps its order.
        struct Queue: Hashable, Sendable {
            var exchange: String
            var routingKey: String
        }

        var queue: Queue { Queue(exchange: exchange, routingKey: routingKey) }

        /// Kinds of message.
        enum Kind: String, Hashable, Sendable {
            case slice, survey, control
            /// A dead letter that is sent again.
            case letter
        }
    }
}

extension WriteTransaction {
    /// Adds a message to those that are to be published; its `id` is chosen here.
    func append(_ message: Store.Outgoing) throws {
        try run(
            """
            INSERT INTO outbox (exchange, routingKey, messageID, contentType, type, body, kind, host, task)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                message.exchange, message.routingKey, message.messageID, message.contentType, message.type,
                Data(message.body), message.kind.rawValue, message.host, message.task,
            ])
    }

    /// Has a task published.
    func send(_ task: HostTask, id: String, to host: HostName) throws {
        let message = Contract.Message(id: id, source: "/coordinator", subject: task.subject, body: task)
        try append(
            Store.Outgoing(
                exchange: ExchangeName.tasks, routingKey: "\(host)", messageID: id,
                contentType: messageContentType, type: task.type, body: message.json(), kind: task.kind,
                host: "\(host)", task: id))
    }

    /// Has a desired state published.
    func send(_ state: DesiredState, to host: HostName) throws {
        let message = Contract.Message(source: "/coordinator", body: state)
        try append(
            Store.Outgoing(
                exchange: ExchangeName.control, routingKey: "\(host)", messageID: message.id,
                contentType: messageContentType, type: state.type, body: message.json(), kind: .control,
                host: "\(host)"))
    }

    /// Takes messages out that are published, or never will be.
    func remove(outbox ids: some Sequence<Int64>) throws {
        let statement = try db.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?")
        for id in ids { try statement.execute(arguments: [id]) }
    }
}

extension ReadTransaction {
    /// The next message of each queue in the order in which they were stored, desired states first: a pause does not wait behind
    /// a task. None of the queues `excluded`; desired states alone with `onlyOrders`.
    func nextOutgoing(
        excluding excluded: Set<Store.Outgoing.Queue> = [], limit: Int, onlyOrders: Bool = false
    ) throws -> [Store.Outgoing] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT * FROM outbox
                WHERE id IN (SELECT min(id) FROM outbox GROUP BY routingKey, exchange)
                AND exchange || ' ' || routingKey NOT IN (SELECT value FROM json_each(?))
                \(onlyOrders ? "AND kind = 'control'" : "")
                ORDER BY kind <> 'control', id LIMIT ?
                """)
        let names = try JSONColumn.text(excluded.map { "\($0.exchange) \($0.routingKey)" })
        return try Row.fetchAll(statement, arguments: [names, limit]).map { row in
            let data: Data = row["body"]
            let kind: String = row["kind"]
            return Store.Outgoing(
                id: row["id"], exchange: row["exchange"], routingKey: row["routingKey"],
                messageID: row["messageID"],
                contentType: row["contentType"], type: row["type"], body: Array(data),
                kind: .init(rawValue: kind) ?? .control, host: row["host"],
                task: row["task"])
        }
    }
}

extension HostTask {
    fileprivate var kind: Store.Outgoing.Kind {
        switch self {
        case .slice: .slice
        case .survey: .survey
        }
    }

    /// What it is about: a file.
    fileprivate var subject: String? {
        switch self {
        case .slice(let slice): slice.path
        case .survey: nil
        }
    }
}
