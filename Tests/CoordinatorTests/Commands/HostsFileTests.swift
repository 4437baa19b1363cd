import Contract
import DefragTypes
import Testing

@testable import Coordinator

@Suite("A file of hosts' names") struct HostsFileTests {
    @Test("has one on each line; blanks, comments and repetitions do not count")
    func names() throws {
        let text = "alpha\n\n  beta  # in rack 2\r\n# gone: gamma\nalpha\ndelta"
        #expect(try HostsFile.names(in: text, of: "hosts").map(\.description) == ["alpha", "beta", "delta"])
    }

    @Test("names the line that is wrong", arguments: [("a\nB\n", 2), ("two words", 1), ("a\n\n#\n-x.y", 4)])
    func wrong(text: String, line: Int) {
        let failure = #expect(throws: Failure.self) { try HostsFile.names(in: text, of: "hosts") }
        #expect(failure?.status == .usage)
        #expect(failure?.message.hasPrefix("hosts line \(line): ") == true)
    }
}
