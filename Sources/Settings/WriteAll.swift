import Glibc

/// Writes `bytes` to `descriptor`, in one call where that is possible, so that lines of several writers do not mix. Waits where
/// the reader of a pipe is slow, also if somebody else has made the pipe's end non-blocking.
///
/// - Returns: whether all of it was written: false where nobody reads any more, and on errors.
public func writeAll(_ bytes: some Collection<UInt8>, to descriptor: CInt) -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if count < 0, errno == EAGAIN {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&wanted, 1, -1)
        } else if count == 0 || errno != EINTR {
            return false
        }
    }
    return true
}
