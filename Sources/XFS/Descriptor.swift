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

    /// What it stands for, opened for `access` by `/proc/self/fd`: the same inode, whatever its path is by now.
    func reopened(_ access: File.Access) throws(SystemError) -> Descriptor {
        let flags = access == .readWrite ? clinux_reopen_read_write : clinux_reopen_read_only
        return Descriptor(owning: try system("open") { clinux_reopen(number, flags) })
    }

    /// Closes the descriptor and reports the error of close(2); without this call it is closed silently. Never repeated
    /// after EINTR: Linux has released the number by then.
    consuming func close() throws(SystemError) {
        let result = clinux_close(number)
        discard self
        if result < 0 { throw SystemError(errno: -result, operation: "close") }
    }

    /// Keeps the open file until this process ends, and no number of it in use.
    consuming func keepForProcess() {
        discard self
    }

    deinit {
        _ = clinux_close(number)
    }
}
