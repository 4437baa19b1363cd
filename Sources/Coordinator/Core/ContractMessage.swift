import AMQP
import Contract

extension AMQP.Message {
    /// The message as the broker carries it: persistent, its id and type among the properties, too.
    init<Body>(_ message: Contract.Message<Body>) throws(ContractError) {
        var properties = MessageProperties()
        properties.contentType = messageContentType
        properties.type = message.body.type
        properties.messageID = message.id
        self.init(body: try message.json(), properties: properties)
    }
}
