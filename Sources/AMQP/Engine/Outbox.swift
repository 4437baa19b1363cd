import DequeModule

/// What waits to be sent, cut into pieces that the socket certainly has room for.
struct Outbox {
    /// Bytes sent each time the socket says that it has room; it then has room for more than this and a frame.
    private static let burst = 64 << 10

    private var waiting: Deque<Outbound> = []
    /// How much of the first one's body is sent, once its head is.
    private var bodyOffset: Int?

    var isEmpty: Bool { waiting.isEmpty }

    mutating func append(_ outbound: Outbound) {
        waiting.append(outbound)
    }

    /// Sends a burst. To be called only when the socket has room.
    mutating func flush(into transport: Transport) throws(AMQPError) {
        transport.cork(true)
        defer { transport.cork(false) }
        var sent = 0
        while sent < Self.burst, let outbound = waiting.first {
            switch outbound {
            case .method(let channel, let method):
                try transport.send(method, on: channel)
                sent += 256
            case .publish(let channel, let publication):
                let body = publication.message.body
                var offset = bodyOffset ?? 0
                if bodyOffset == nil {
                    try transport.sendHead(of: publication, on: channel)
                    sent += publication.headSize
                } else {
                    offset = try transport.sendBody(body, from: offset, on: channel)
                    sent += Transport.frameMax
                }
                if offset < body.count {
                    bodyOffset = offset
                    continue
                }
            }
            bodyOffset = nil
            _ = waiting.popFirst()
        }
    }
}

extension Publication {
    /// An upper bound of the bytes of basic.publish and the content header.
    var headSize: Int {
        64 + exchange.utf8.count + routingKey.utf8.count + message.properties.encodedSize
    }

    /// Why it cannot be sent, if so: frames are limited, and short strings too.
    func problem(maxBodySize: Int) -> AMQPError? {
        if message.body.count > maxBodySize {
            return AMQPError(
                .tooLarge, "a message of \(message.body.count) bytes is above the limit of \(maxBodySize)")
        }
        if message.properties.hasOverlongText || exchange.utf8.count > 255 || routingKey.utf8.count > 255 {
            return AMQPError(.tooLarge, "a name or property of the message is longer than 255 bytes")
        }
        // The broker may want frames as small as 4096 bytes, but none is configured so; half leaves room anyway.
        if message.properties.encodedSize > Transport.frameMax / 2 {
            return AMQPError(.tooLarge, "the headers of the message do not fit into a frame")
        }
        return nil
    }
}
