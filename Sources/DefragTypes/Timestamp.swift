import Glibc
// Optimising, the compiler of Swift 6.3 takes this for where timespec is defined.
import SwiftOverlayShims

/// A point in time as RFC 3339 text in UTC with milliseconds, such as `2026-11-22T21:03:26.512Z`.
///
/// Text sorts by time. Any RFC 3339 text is accepted when decoding, and kept as it is.
public struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let description: String

    /// The system clock's time now.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(unixSeconds: Int64(time.tv_sec), milliseconds: Int(time.tv_nsec) / 1_000_000)
    }

    /// The time `unixSeconds` and `milliseconds` after 1970-01-01T00:00:00Z.
    public init(unixSeconds: Int64, milliseconds: Int = 0) {
        var seconds = time_t(unixSeconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        description =
            "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
            + "T\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
            + ".\(padded(milliseconds, 3))Z"
    }

    /// Seconds since 1970, of RFC 3339 text with any offset.
    ///
    /// A text that is no time, though it looks like one (`2026-13-01…`), counts as the beginning of 1970.
    public var unixSeconds: Double {
        let text = Array(description.utf8)
        func number(_ place: Range<Int>) -> Int32? {
            text.count >= place.upperBound ? Int32(String(decoding: text[place], as: UTF8.self)) : nil
        }
        guard let year = number(0..<4), let month = number(5..<7), (1...12).contains(month),
            let day = number(8..<10), (1...31).contains(day), let hour = number(11..<13), hour < 24,
            let minute = number(14..<16), minute < 60, let second = number(17..<19), second <= 60
        else { return 0 }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        var rest = description.dropFirst(19)
        let fraction = rest.prefix { $0 == "." || $0.isNumber }
        rest = rest.dropFirst(fraction.count)
        let seconds = Double(timegm(&parts)) + (Double("0" + fraction) ?? 0)
        let offset = rest.dropFirst().split(separator: ":").compactMap { Double($0) }
        guard let sign = rest.first, "+-".contains(sign), offset.count == 2 else { return seconds }
        return seconds - (sign == "-" ? -1 : 1) * (offset[0] * 3600 + offset[1] * 60)
    }
}

extension Timestamp: SelfDescribing {
    /// Most bytes of its text.
    private static let mostBytes = 40

    public static var shape: Shape? { .text(bytes: 20...mostBytes, form: .name, written: 24) }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let form = "dddd-dd-ddTdd:dd:dd".utf8
        let fits = zip(text.utf8, form).allSatisfy { byte, expected in
            switch expected {
            case UInt8(ascii: "d"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            case UInt8(ascii: "T"): byte == expected || byte == UInt8(ascii: "t")
            default: byte == expected
            }
        }
        guard fits, (form.count + 1...Self.mostBytes).contains(text.utf8.count) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not an RFC 3339 time")
        }
        description = text
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
