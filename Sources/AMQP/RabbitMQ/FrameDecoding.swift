import CRabbitMQ

extension Inbound {
    /// Copies `frame` out of the library's memory (all but the bytes of a body); `nil` for one to be ignored.
    init?(_ frame: amqp_frame_t) {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            self = .method(frame.channel, ServerMethod(frame.payload.method))
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            guard Int32(header.class_id) == 60, let decoded = header.decoded else { return nil }
            self = .header(
                frame.channel, bodySize: header.body_size,
                MessageProperties(decoded.load(as: amqp_basic_properties_t.self)))
        case AMQP_FRAME_BODY:
            let fragment = frame.payload.body_fragment
            self = .body(frame.channel, UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.len))
        default:
            return nil
        }
    }
}

extension ServerMethod {
    /// Copies `method` out of the library's memory.
    init(_ method: amqp_method_t) {
        func fields<T>(_ type: T.Type) -> T { method.decoded.load(as: type) }
        switch method.id {
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = fields(amqp_connection_close_t.self)
            self = .connectionClose(
                Closure(
                    replyCode: close.reply_code, text: String(close.reply_text), classID: close.class_id,
                    methodID: close.method_id))
        case AMQP_CONNECTION_CLOSE_OK_METHOD: self = .connectionCloseOk
        case AMQP_CONNECTION_BLOCKED_METHOD:
            self = .blocked(reason: String(fields(amqp_connection_blocked_t.self).reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: self = .unblocked
        case AMQP_CHANNEL_OPEN_OK_METHOD: self = .channelOpenOk
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = fields(amqp_channel_close_t.self)
            self = .channelClose(
                Closure(
                    replyCode: close.reply_code, text: String(close.reply_text), classID: close.class_id,
                    methodID: close.method_id))
        case AMQP_CHANNEL_CLOSE_OK_METHOD: self = .channelCloseOk
        case AMQP_BASIC_CANCEL_METHOD:
            self = .cancel(consumerTag: String(fields(amqp_basic_cancel_t.self).consumer_tag))
        case AMQP_BASIC_DELIVER_METHOD:
            let deliver = fields(amqp_basic_deliver_t.self)
            self = .deliver(
                DeliveryHead(
                    consumerTag: String(deliver.consumer_tag), tag: deliver.delivery_tag,
                    isRedelivered: deliver.redelivered != 0, exchange: String(deliver.exchange),
                    routingKey: String(deliver.routing_key)))
        case AMQP_BASIC_RETURN_METHOD:
            let returned = fields(amqp_basic_return_t.self)
            self = .returned(
                ReturnHead(
                    replyCode: returned.reply_code, text: String(returned.reply_text),
                    exchange: String(returned.exchange), routingKey: String(returned.routing_key)))
        case AMQP_BASIC_ACK_METHOD:
            let ack = fields(amqp_basic_ack_t.self)
            self = .ack(tag: ack.delivery_tag, multiple: ack.multiple != 0)
        case AMQP_BASIC_NACK_METHOD:
            let nack = fields(amqp_basic_nack_t.self)
            self = .nack(tag: nack.delivery_tag, multiple: nack.multiple != 0)
        case AMQP_BASIC_CONSUME_OK_METHOD:
            self = .reply(.consuming(consumerTag: String(fields(amqp_basic_consume_ok_t.self).consumer_tag)))
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let declared = fields(amqp_queue_declare_ok_t.self)
            self = .reply(
                .queue(
                    QueueStatus(
                        name: String(declared.queue), messages: declared.message_count,
                        consumers: declared.consumer_count)))
        case AMQP_QUEUE_DELETE_OK_METHOD:
            self = .reply(.messages(fields(amqp_queue_delete_ok_t.self).message_count))
        case AMQP_QUEUE_PURGE_OK_METHOD:
            self = .reply(.messages(fields(amqp_queue_purge_ok_t.self).message_count))
        case AMQP_CONFIRM_SELECT_OK_METHOD, AMQP_BASIC_QOS_OK_METHOD, AMQP_BASIC_CANCEL_OK_METHOD,
            AMQP_QUEUE_BIND_OK_METHOD, AMQP_QUEUE_UNBIND_OK_METHOD, AMQP_EXCHANGE_DECLARE_OK_METHOD,
            AMQP_EXCHANGE_BIND_OK_METHOD, AMQP_EXCHANGE_DELETE_OK_METHOD:
            self = .reply(.done)
        default: self = .unexpected(id: method.id)
        }
    }
}

extension MessageProperties {
    /// Copies `basic` out of the library's memory.
    init(_ basic: amqp_basic_properties_t) {
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? {
            basic._flags & UInt32(flag) != 0 ? String(bytes) : nil
        }
        self.init()
        contentType = text(AMQP_BASIC_CONTENT_TYPE_FLAG, basic.content_type)
        type = text(AMQP_BASIC_TYPE_FLAG, basic.type)
        messageID = text(AMQP_BASIC_MESSAGE_ID_FLAG, basic.message_id)
        correlationID = text(AMQP_BASIC_CORRELATION_ID_FLAG, basic.correlation_id)
        replyTo = text(AMQP_BASIC_REPLY_TO_FLAG, basic.reply_to)
        userID = text(AMQP_BASIC_USER_ID_FLAG, basic.user_id)
        appID = text(AMQP_BASIC_APP_ID_FLAG, basic.app_id)
        isPersistent = basic._flags & UInt32(AMQP_BASIC_DELIVERY_MODE_FLAG) != 0 && basic.delivery_mode == 2
        if basic._flags & UInt32(AMQP_BASIC_TIMESTAMP_FLAG) != 0 { timestamp = basic.timestamp }
        if basic._flags & UInt32(AMQP_BASIC_PRIORITY_FLAG) != 0 { priority = basic.priority }
        if let milliseconds = text(AMQP_BASIC_EXPIRATION_FLAG, basic.expiration).flatMap({ Int64($0) }) {
            expiration = .milliseconds(milliseconds)
        }
        if basic._flags & UInt32(AMQP_BASIC_HEADERS_FLAG) != 0 { headers = .init(basic.headers) }
    }
}
