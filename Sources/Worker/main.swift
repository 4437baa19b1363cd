import DefragTypes
import Glibc
func standardError(_ text: String) { _ = write(2, text, text.utf8.count) }
func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let parts = String(cString: text).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        variables[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        entry += 1
    }
    return variables
}
exit(await serve(configurationFile: nil, environment: processEnvironment()).rawValue)
