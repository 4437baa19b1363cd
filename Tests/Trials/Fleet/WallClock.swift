import DefragTypes
import Glibc

/// The system's clock as seconds since 1970: that of every program on this machine.
enum WallClock {
    /// Now.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The moment that `stamp`, in UTC, names.
    static func seconds(_ stamp: Timestamp) throws -> Double {
        let text = stamp.description
        let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
        guard text.hasSuffix("Z"), numbers.count == 7 else {
            throw Violation("'\(text)' is no time in UTC with milliseconds")
        }
        var parts = tm()
        parts.tm_year = numbers[0] - 1900
        parts.tm_mon = numbers[1] - 1
        parts.tm_mday = numbers[2]
        parts.tm_hour = numbers[3]
        parts.tm_min = numbers[4]
        parts.tm_sec = numbers[5]
        return Double(timegm(&parts)) + Double(numbers[6]) / 1000
    }
}
