public import AMQP

/// A part of the topology that the broker refuses, with what to do.
public struct TopologyProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to be declared.
    public enum Part: Hashable, Sendable, CustomStringConvertible {
        case exchange(String)
        case queue(String)
        case binding(queue: String, exchange: String)

        /// What it is, in a word.
        public var kind: String {
            switch self {
            case .exchange: "exchange"
            case .queue: "queue"
            case .binding: "binding"
            }
        }

        public var description: String {
            switch self {
            case .exchange(let name): "exchange '\(name)'"
            case .queue(let name): "queue '\(name)'"
            case .binding(let queue, let exchange): "binding of queue '\(queue)' to exchange '\(exchange)'"
            }
        }
    }

    public let part: Part
    /// In the broker's words.
    public let error: AMQPError

    public init(_ part: Part, _ error: AMQPError) {
        self.part = part
        self.error = error
    }

    /// Whether `error` is about one part: with any other, the next part meets the same.
    static func isOfOnePart(_ error: AMQPError) -> Bool {
        [.preconditionFailed, .accessRefused, .notFound].contains(error.code)
    }

    public var description: String { "\(part): \(error.message). \(remedy)" }

    private var remedy: String {
        switch (error.code, part) {
        case (.preconditionFailed, .queue(let name)):
            "It was declared otherwise before: with other --host-queues, or by an earlier version. To change it, delete it while "
                + "nothing is at work ('rabbitmqctl delete_queue \(name)', which drops what is in it) and run 'reflow provision' "
                + "again"
        case (.preconditionFailed, _):
            "It was declared otherwise before. To change it, delete it while nothing is at work (in the management page, or with "
                + "rabbitmqadmin) and run 'reflow provision' again"
        case (.accessRefused, _):
            "Let the account configure, write and read it ('rabbitmqctl set_permissions'), or run 'reflow provision' with one "
                + "that may"
        default: "Run 'reflow provision' with an account that may declare it"
        }
    }
}
