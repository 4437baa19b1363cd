/// Puts the messages of one channel together again from method, header and body frames.
///
/// A body above the limit is not kept: its frames are counted and forgotten as they come.
struct ContentAssembler {
    /// What opens a message.
    enum Head: Hashable {
        case delivery(DeliveryHead)
        case returned(ReturnHead)
    }

    /// A whole message.
    struct Content: Hashable {
        var head: Head
        var properties: MessageProperties
        var body: Delivery.Body
    }

    private enum State {
        case idle
        case header(Head)
        case body(Head, MessageProperties, size: UInt64, received: UInt64, kept: [UInt8])
    }

    private let limit: UInt64
    private var state = State.idle

    /// An assembler that keeps bodies of at most `maxBodySize` bytes.
    init(maxBodySize: Int) {
        limit = UInt64(max(0, maxBodySize))
    }

    /// Whether a message has begun and is not complete: no other method may come on the channel then.
    var isInside: Bool {
        if case .idle = state { false } else { true }
    }

    /// A method came that opens a message; `false` if there is one open already.
    mutating func begin(_ head: Head) -> Bool {
        guard case .idle = state else { return false }
        state = .header(head)
        return true
    }

    /// A header frame came; returns the message if it has no body.
    mutating func header(
        bodySize: UInt64, _ properties: MessageProperties
    ) throws(OutOfOrder) -> Content? {
        guard case .header(let head) = state else { throw OutOfOrder() }
        var kept: [UInt8] = []
        if bodySize <= limit { kept.reserveCapacity(Int(bodySize)) }
        state = .body(head, properties, size: bodySize, received: 0, kept: kept)
        return bodySize == 0 ? finish() : nil
    }

    /// A body frame came; returns the message if it was the last one.
    mutating func body(_ bytes: UnsafeRawBufferPointer) throws(OutOfOrder) -> Content? {
        guard case .body(let head, let properties, let size, let before, var kept) = state else {
            throw OutOfOrder()
        }
        let received = before + UInt64(bytes.count)
        guard received <= size else { throw OutOfOrder() }
        state = .idle  // so that the array is not copied when it grows
        if size <= limit { kept.append(contentsOf: bytes) }
        state = .body(head, properties, size: size, received: received, kept: kept)
        return received == size ? finish() : nil
    }

    private mutating func finish() -> Content? {
        guard case .body(let head, let properties, let size, _, let kept) = state else { return nil }
        state = .idle
        return Content(
            head: head, properties: properties,
            body: size <= limit ? .complete(kept) : .tooLarge(size: size))
    }

    /// A frame that does not belong where it came.
    struct OutOfOrder: Error {}
}
