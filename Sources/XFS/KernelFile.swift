import CLinux
import Glibc

/// The whole text of a file in `/proc` or `/sys`.
func readKernelFile(_ path: String) throws(SystemError) -> String {
    let descriptor = Descriptor(
        owning: try system("open '\(path)'", on: .path) {
            clinux_openat2(AT_FDCWD, path, UInt64(clinux_reopen_read_only), 0)
        })
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try system("read '\(path)'") {
            let count = read(descriptor.number, &buffer, buffer.count)
            return count < 0 ? -Glibc.errno : CInt(count)
        }
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer.prefix(Int(count))
    }
}

/// Undoes the octal escapes (`\040` for a space) with which the kernel's mangle() keeps fields apart.
func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\\"), rest.count >= 3,
            let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
        {
            bytes.append(code)
            rest = rest.dropFirst(3)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
