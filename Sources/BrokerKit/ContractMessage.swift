public import AMQP
public import Contract

extension AMQP.Message {
    /// The message as the broker carries it: persistent, its id and type among the properties, too.
    ///
    /// - Throws: ``ContractError`` when a value has no JSON, such as a number that is not finite.
    public init<Body>(_ message: Contract.Message<Body>) throws(ContractError) {
        var properties = MessageProperties()
        properties.contentType = messageContentType
        properties.type = message.body.type
        properties.messageID = message.id
        properties.correlationID = (message.body as? HostEvent)?.answeredTask
        self.init(body: try message.json(), properties: properties)
    }
}

extension Contract.Message {
    /// The message that `delivery` brought.
    ///
    /// - Throws: ``ContractError``: `tooLarge` for what was longer than ``ConnectionOptions/maxBodySize``, and all that reading
    ///   its JSON throws.
    public init(_ delivery: Delivery) throws(ContractError) {
        switch delivery.body {
        case .complete(let bytes): try self.init(json: bytes)
        case .tooLarge(let size): throw ContractError(.tooLarge, "a message of \(size) bytes")
        }
    }
}

extension HostEvent {
    /// The task that it answers: so a consumer knows an answer that it has asked for before it decodes it.
    fileprivate var answeredTask: String? {
        switch self {
        case .sliceFinished(let answer): answer.task
        case .surveyPage(let page): page.task
        case .surveyFinished(let end): end.task
        case .progress, .hostState, .unknown: nil
        }
    }
}
