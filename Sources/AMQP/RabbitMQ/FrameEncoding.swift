import CRabbitMQ

extension ClientMethod {
    /// Calls `send` with the method's id and its fields in the library's form, all in memory of `arena`.
    func encode(in arena: inout Arena, send: (amqp_method_number_t, UnsafeMutableRawPointer) -> CInt) -> CInt
    {
        func with<T>(_ id: amqp_method_number_t, _ fields: T) -> CInt {
            withUnsafePointer(to: fields) { send(id, UnsafeMutableRawPointer(mutating: $0)) }
        }
        switch self {
        case .connectionClose:
            var close = amqp_connection_close_t()
            close.reply_code = UInt16(AMQP_REPLY_SUCCESS)
            return with(AMQP_CONNECTION_CLOSE_METHOD, close)
        case .connectionCloseOk: return with(AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t())
        case .channelOpen: return with(AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t())
        case .channelClose:
            var close = amqp_channel_close_t()
            close.reply_code = UInt16(AMQP_REPLY_SUCCESS)
            return with(AMQP_CHANNEL_CLOSE_METHOD, close)
        case .channelCloseOk: return with(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t())
        case .confirmSelect: return with(AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t())
        case .qos(let prefetch):
            var qos = amqp_basic_qos_t()
            qos.prefetch_count = prefetch
            return with(AMQP_BASIC_QOS_METHOD, qos)
        case .consume(let queue, let isExclusive, let arguments):
            var consume = amqp_basic_consume_t()
            consume.queue = arena.bytes(queue)
            consume.exclusive = isExclusive ? 1 : 0
            consume.arguments = arena.table(arguments)
            return with(AMQP_BASIC_CONSUME_METHOD, consume)
        case .cancel(let tag):
            var cancel = amqp_basic_cancel_t()
            cancel.consumer_tag = arena.bytes(tag)
            return with(AMQP_BASIC_CANCEL_METHOD, cancel)
        case .ack(let tag):
            return with(AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t(delivery_tag: tag, multiple: 0))
        case .reject(let tag, let requeue):
            return with(
                AMQP_BASIC_REJECT_METHOD, amqp_basic_reject_t(delivery_tag: tag, requeue: requeue ? 1 : 0))
        case .declareQueue(let queue):
            var declare = amqp_queue_declare_t()
            declare.queue = arena.bytes(queue.name)
            declare.durable = queue.isDurable ? 1 : 0
            declare.exclusive = queue.isExclusive ? 1 : 0
            declare.auto_delete = queue.isAutoDelete ? 1 : 0
            declare.arguments = arena.table(queue.arguments)
            return with(AMQP_QUEUE_DECLARE_METHOD, declare)
        case .inspectQueue(let name):
            var declare = amqp_queue_declare_t()
            declare.queue = arena.bytes(name)
            declare.passive = 1
            return with(AMQP_QUEUE_DECLARE_METHOD, declare)
        case .bindQueue(let queue, let exchange, let routingKey, let arguments):
            var bind = amqp_queue_bind_t()
            bind.queue = arena.bytes(queue)
            bind.exchange = arena.bytes(exchange)
            bind.routing_key = arena.bytes(routingKey)
            bind.arguments = arena.table(arguments)
            return with(AMQP_QUEUE_BIND_METHOD, bind)
        case .unbindQueue(let queue, let exchange, let routingKey, let arguments):
            var unbind = amqp_queue_unbind_t()
            unbind.queue = arena.bytes(queue)
            unbind.exchange = arena.bytes(exchange)
            unbind.routing_key = arena.bytes(routingKey)
            unbind.arguments = arena.table(arguments)
            return with(AMQP_QUEUE_UNBIND_METHOD, unbind)
        case .purgeQueue(let name):
            var purge = amqp_queue_purge_t()
            purge.queue = arena.bytes(name)
            return with(AMQP_QUEUE_PURGE_METHOD, purge)
        case .deleteQueue(let name, let ifUnused, let ifEmpty):
            var delete = amqp_queue_delete_t()
            delete.queue = arena.bytes(name)
            delete.if_unused = ifUnused ? 1 : 0
            delete.if_empty = ifEmpty ? 1 : 0
            return with(AMQP_QUEUE_DELETE_METHOD, delete)
        case .declareExchange(let exchange):
            var declare = amqp_exchange_declare_t()
            declare.exchange = arena.bytes(exchange.name)
            declare.type = arena.bytes(exchange.kind.rawValue)
            declare.durable = exchange.isDurable ? 1 : 0
            declare.`internal` = exchange.isInternal ? 1 : 0
            declare.arguments = arena.table(exchange.arguments)
            return with(AMQP_EXCHANGE_DECLARE_METHOD, declare)
        case .inspectExchange(let name):
            var declare = amqp_exchange_declare_t()
            declare.exchange = arena.bytes(name)
            declare.type = arena.bytes("direct")
            declare.passive = 1
            return with(AMQP_EXCHANGE_DECLARE_METHOD, declare)
        case .bindExchange(let destination, let source, let routingKey, let arguments):
            var bind = amqp_exchange_bind_t()
            bind.destination = arena.bytes(destination)
            bind.source = arena.bytes(source)
            bind.routing_key = arena.bytes(routingKey)
            bind.arguments = arena.table(arguments)
            return with(AMQP_EXCHANGE_BIND_METHOD, bind)
        case .deleteExchange(let name):
            var delete = amqp_exchange_delete_t()
            delete.exchange = arena.bytes(name)
            return with(AMQP_EXCHANGE_DELETE_METHOD, delete)
        }
    }
}

extension MessageProperties {
    /// The properties in the library's form, in memory of `arena`.
    func encode(in arena: inout Arena) -> amqp_basic_properties_t {
        var basic = amqp_basic_properties_t()
        func set(
            _ flag: Int32, _ field: WritableKeyPath<amqp_basic_properties_t, amqp_bytes_t>, _ text: String?,
            _ arena: inout Arena
        ) {
            guard let text else { return }
            basic._flags |= UInt32(flag)
            basic[keyPath: field] = arena.bytes(text)
        }
        set(AMQP_BASIC_CONTENT_TYPE_FLAG, \.content_type, contentType, &arena)
        set(AMQP_BASIC_TYPE_FLAG, \.type, type, &arena)
        set(AMQP_BASIC_MESSAGE_ID_FLAG, \.message_id, messageID, &arena)
        set(AMQP_BASIC_CORRELATION_ID_FLAG, \.correlation_id, correlationID, &arena)
        set(AMQP_BASIC_REPLY_TO_FLAG, \.reply_to, replyTo, &arena)
        set(AMQP_BASIC_USER_ID_FLAG, \.user_id, userID, &arena)
        set(AMQP_BASIC_APP_ID_FLAG, \.app_id, appID, &arena)
        if let expiration {
            let (seconds, attoseconds) = expiration.components
            let milliseconds = max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
            set(AMQP_BASIC_EXPIRATION_FLAG, \.expiration, String(milliseconds), &arena)
        }
        if let timestamp {
            basic._flags |= UInt32(AMQP_BASIC_TIMESTAMP_FLAG)
            basic.timestamp = timestamp
        }
        if let priority {
            basic._flags |= UInt32(AMQP_BASIC_PRIORITY_FLAG)
            basic.priority = priority
        }
        basic._flags |= UInt32(AMQP_BASIC_DELIVERY_MODE_FLAG)
        basic.delivery_mode = isPersistent ? 2 : 1
        if !headers.isEmpty {
            basic._flags |= UInt32(AMQP_BASIC_HEADERS_FLAG)
            basic.headers = arena.table(headers)
        }
        return basic
    }
}
