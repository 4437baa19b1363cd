import CLinux

/// An open file descriptor and its only owner.
struct Descriptor: ~Copyable, Sendable {
    let number: CInt

    /// Takes over `number`.
    init(owning number: CInt) {
        self.number = number
    }

    /// Another number for the same open file.
    func duplicate() throws(SystemError) -> Descriptor {
        Descriptor(owning: try system("duplicate") { clinux_duplicate(number) })
    }

    /// Closes the descriptor and reports what close(2) has to say; without this call it is closed in silence.
    /// Never made again after EINTR: Linux has released the number by then.
    consuming func close() throws(SystemError) {
        let result = clinux_close(number)
        discard self
        if result < 0 { throw SystemError(errno: -result, operation: "close") }
    }

    deinit {
        _ = clinux_close(number)
    }
}
