import Glibc
public import Logging

/// How lines of a log are written.
public enum LogFormat: String, CaseIterable, Sendable {
    /// For people: `2026-11-30T17:00:47+0000 info reflow-worker: signal=SIGTERM [Worker] stopping`.
    case text
    /// For programs: an object a line, `time` (RFC 3339, UTC), `level`, `logger`, `source`, `message`, and the metadata's keys.
    case json
}

/// Writes a log line by line, each in one piece and without anything that a terminal obeys.
public struct LogLines: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// A log of the program called `label`; each line goes to `write` with its newline, by default to standard error.
    public init(
        label: String, format: LogFormat, write: @escaping @Sendable (String) -> Void = writeToStandardError
    ) {
        self.label = label
        self.format = format
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        write(line(event, at: now) + "\n")
    }

    func line(_ event: LogEvent, at time: timespec) -> String {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let pairs = metadata.map { "\($0.key)=\($0.value) " }.joined()
            return "\(localTime(time)) \(event.level) \(label): \(pairs)[\(event.source)] \(event.message)"
                .plain
        case .json:
            let own = [
                ("time", utcTime(time)), ("level", "\(event.level)"), ("logger", label),
                ("source", event.source), ("message", "\(event.message)"),
            ]
            let names = own.map(\.0)
            let others = metadata.map {
                (names.contains($0.key) ? "metadata.\($0.key)" : $0.key, "\($0.value)")
            }
            let members = (own + others).map { "\($0.0.quoted):\($0.1.quoted)" }
            return "{\(members.joined(separator: ","))}"
        }
    }
}

/// Writes `line` in one call, so that lines of several writers do not mix. Nobody can be told when that fails.
@Sendable public func writeToStandardError(_ line: String) {
    _ = writeAll(line.utf8, to: STDERR_FILENO)
}

/// As in `2026-11-30T17:00:47+0000`.
private func localTime(_ time: timespec) -> String {
    var (seconds, parts) = (time.tv_sec, tm())
    return formatted("%Y-%m-%dT%H:%M:%S%z", localtime_r(&seconds, &parts))
}

/// As in `2026-11-30T17:00:47.123Z`.
private func utcTime(_ time: timespec) -> String {
    var (seconds, parts) = (time.tv_sec, tm())
    let thousandths = "\(1000 + time.tv_nsec / 1_000_000)".dropFirst()
    return formatted("%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &parts)) + ".\(thousandths)Z"
}

private func formatted(_ format: String, _ parts: UnsafeMutablePointer<tm>?) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, parts)
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

extension String {
    /// A string of JSON (RFC 8259, 7), in which everything that a terminal obeys is escaped, too.
    fileprivate var quoted: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case _ where scalar.isObeyed:
                // All of them have at most four digits.
                text += "\\u" + String(0x10000 + scalar.value, radix: 16).dropFirst()
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
