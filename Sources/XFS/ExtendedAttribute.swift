import CLinux
import Glibc

extension File {
    /// The text of the extended attribute `name` (xattr(7)), such as `user.reflow.cowextsize`; `nil` if there is none.
    /// A value of more than 255 bytes counts as none.
    ///
    /// - Throws: ``SystemError`` of fgetxattr(2): `EOPNOTSUPP`, `EACCES` (of a security module), `EIO`.
    public func extendedAttribute(_ name: String) throws(SystemError) -> String? {
        var value = [UInt8](repeating: 0, count: 255)
        do throws(SystemError) {
            let length = try system("read attribute \(name)") {
                clinux_get_attribute(descriptor.number, name, &value, value.count)
            }
            return String(decoding: value.prefix(Int(length)), as: UTF8.self)
        } catch  where [ENODATA, ERANGE].contains(error.errno) {
            return nil
        }
    }

    /// Sets the extended attribute `name`, or removes it with `nil`; none to remove is no error. The journal keeps the
    /// order of this and later changes to the file's attributes, also in a power cut.
    ///
    /// - Throws: ``SystemError`` of fsetxattr(2) or fremovexattr(2): `EPERM`, `EACCES`, `ENOSPC`, `EDQUOT`,
    ///   `EROFS`.
    public func setExtendedAttribute(_ name: String, to text: String?) throws(SystemError) {
        guard let text else {
            do throws(SystemError) {
                try system("remove attribute \(name)") { clinux_remove_attribute(descriptor.number, name) }
            } catch  where error.errno == ENODATA {}
            return
        }
        let value = Array(text.utf8)
        try system("set attribute \(name)") {
            clinux_set_attribute(descriptor.number, name, value, value.count)
        }
    }
}
