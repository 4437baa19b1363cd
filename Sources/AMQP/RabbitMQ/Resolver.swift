import Glibc

/// An address at which a broker may be.
struct Place: Hashable, Sendable {
    var broker: Endpoint.Broker
    /// In numbers, as getaddrinfo(3) takes it.
    var address: String

    /// The broker, and the address where the name does not say it.
    func description(in endpoint: Endpoint) -> String {
        let name = endpoint.description(of: broker)
        return address == broker.host ? name : "\(name) at \(address)"
    }
}

extension Endpoint {
    /// The addresses of `broker`, in the order of the system's resolver (RFC 6724); waits for it.
    func places(of broker: Broker) throws(AMQPError) -> [Place] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_protocol = CInt(IPPROTO_TCP)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(broker.host, String(broker.port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            let isUnknown = status == EAI_NONAME || status == -5  // EAI_NODATA: a name without an address
            let why =
                isUnknown
                ? "no such host" : "its name cannot be looked up (\(String(cString: gai_strerror(status))))"
            throw AMQPError(.unreachable, "cannot reach \(description(of: broker)): \(why)")
        }
        var places: [Place] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard
                getnameinfo(
                    entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                    == 0
            else { continue }
            let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            let place = Place(broker: broker, address: String(decoding: bytes, as: UTF8.self))
            if !places.contains(place) { places.append(place) }
        }
        return places
    }
}
