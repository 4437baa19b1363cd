import Glibc
import Testing

@testable import Worker

@Suite("A pattern of one name") struct NamePatternTests {
    @Test(
        "matches characters, not bytes, and takes a backslash for itself",
        arguments: [
            ("caf?.img", "café.img", true), ("[äö]1.img", "ä1.img", true), ("[äö]1.img", "ü1.img", false),
            ("[!äö]1", "ü1", true), ("[à-ü]", "é", true), ("?", "😀", true), ("*é", "café", true),
            // Two spellings of é are two names.
            ("caf\u{E9}", "cafe\u{301}", false), ("caf?", "cafe\u{301}", false),
            ("caf??", "cafe\u{301}", true),
            ("\u{301}*", "\u{301}x", true), ("?x", "\u{301}x", true),
            (#"a\x2db.img"#, #"a\x2db.img"#, true), (#"a\\x2db.img"#, #"a\x2db.img"#, true),
            (#"a\x2d*"#, #"a\x2db.img"#, true), (#"\*"#, "*", true), (#"\*"#, "x", false),
            (#"a\"#, #"a\"#, true),
            (#"\[a]"#, "[a]", true), (#"[\]]"#, "]", true), (#"[a\-z]"#, "m", false),
        ])
    func matches(pattern: String, name: String, isMatch: Bool) {
        #expect(NamePattern(pattern).matches(name) == isMatch)
    }

    @Test("agrees with fnmatch(3) on everything that is ASCII and has no backslash")
    func fnmatch() {
        var random = SystemRandomNumberGenerator()
        let parts = [
            "a", "b", "-", "]", "[", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "*", "?", "[[:digit:]]", ".",
        ]
        for _ in 0..<20_000 {
            let pattern = (0..<Int.random(in: 0...5, using: &random)).map { _ in parts.randomElement()! }
                .joined()
            // Collating symbols, of which glibc refuses those that are not closed.
            guard !pattern.contains("[.") else { continue }
            let name = String(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in "ab-]c[1.".randomElement()! })
            #expect(
                NamePattern(pattern).matches(name) == (Glibc.fnmatch(pattern, name, 0) == 0),
                "\(pattern) \(name)")
        }
    }
}
