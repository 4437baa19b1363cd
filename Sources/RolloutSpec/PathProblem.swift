import DefragTypes
import Settings

/// What is wrong with a pattern of paths, as a sentence that begins with the pattern; `nil` if nothing is. A relative one means
/// something only where the hosts' roots are known to be meant.
public func pathProblem(_ path: String, mayBeRelative: Bool = false) -> String? {
    let shown = "'\(shortened(path).plain)'"
    guard path.isAbsolutePath || mayBeRelative else {
        return "\(shown) is not absolute; a path begins with /"
    }
    guard path.isAbsolutePath || !path.pathComponents.isEmpty else { return "\(shown) has no name in it" }
    guard path.utf8.count <= 4096, !path.utf8.contains(0) else {
        return "\(shown) is no path: it is longer than 4096 bytes, or has a NUL in it"
    }
    let names = path.pathComponents
    guard !names.contains("..") else { return "\(shown) has .. in it; write the path that is meant" }
    guard !names.contains(where: hasOpenBracket) else {
        return "\(shown) has a [ that is not closed; write [ab] for one of these characters, [[] for [ itself"
    }
    return nil
}

/// Whether a set of characters is begun and not ended; a worker takes that for the character `[`.
private func hasOpenBracket(_ name: String) -> Bool {
    var rest = name[...]
    while let next = rest.first {
        rest = rest.dropFirst()
        switch next {
        case "\\": rest = rest.dropFirst()
        case "[":
            if rest.first == "!" || rest.first == "^" { rest = rest.dropFirst() }
            // In first place it is one of the set.
            guard let end = rest.dropFirst().firstIndex(of: "]") else { return true }
            rest = rest[rest.index(after: end)...]
        default: break
        }
    }
    return false
}
