import ArgumentParser
import Contract
import DefragTypes
import Foundation

/// A file with the name of a host on each line: thousands do not belong on a command line.
enum HostsFile {
    /// Reads the file at `path`, or standard input for `-`. Empty lines, and what follows a `#`, are left out.
    static func read(_ path: String) throws(Failure) -> [HostName] {
        guard
            let data = path == "-"
                ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        else { throw Failure(.usage, "\(path) cannot be read: is it there, and may this user read it?") }
        return try names(in: String(decoding: data, as: UTF8.self), of: path)
    }

    /// The names in `text`, each once, in their order.
    static func names(in text: String, of path: String) throws(Failure) -> [HostName] {
        var seen: Set<HostName> = []
        var names: [HostName] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let word = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard !word.isEmpty else { continue }
            guard let name = HostName(word) else {
                throw Failure(
                    .usage, "\(path) line \(index + 1): the name of a host is 1 to 63 of a-z, 0-9 and -")
            }
            if seen.insert(name).inserted { names.append(name) }
        }
        return names
    }
}
