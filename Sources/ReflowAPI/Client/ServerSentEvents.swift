/// Reads the format of server-sent events (HTML, "server-sent events", 9.2.6), however it is cut into pieces.
struct ServerSentEvents {
    /// One event.
    struct Event: Hashable, Sendable {
        /// The id that was last given, here or before.
        var id: String?
        /// Its kind; `message` unless something else is said.
        var name = "message"
        /// Its lines.
        var data: String
    }

    private var line: [UInt8] = []
    private var lastWasReturn = false
    private var id: String?
    private var name: String?
    private var data: [String] = []

    /// Most bytes of a line.
    static let longestLine = 16 << 20

    /// A line is longer than any that we send.
    struct TooLong: Error {}

    /// Takes in `bytes`; returns the events that they complete.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            // A line ends with CR, LF or both.
            if byte == UInt8(ascii: "\n"), lastWasReturn {
                lastWasReturn = false
                continue
            }
            lastWasReturn = byte == UInt8(ascii: "\r")
            guard byte == UInt8(ascii: "\n") || lastWasReturn else {
                guard line.count < Self.longestLine else { throw TooLong() }
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer {
                name = nil
                data = []
            }
            return data.isEmpty
                ? nil : Event(id: id, name: name ?? "message", data: data.joined(separator: "\n"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        var value = text[colon...].dropFirst()
        if value.first == " " { value = value.dropFirst() }
        switch text[..<colon] {
        case "id": id = String(value)
        case "event": name = String(value)
        case "data": data.append(String(value))
        default: break  // comments, and what we do not know
        }
        return nil
    }
}
