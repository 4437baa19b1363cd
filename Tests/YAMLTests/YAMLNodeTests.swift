import Testing

@testable import YAML

@Suite("YAML") struct YAMLNodeTests {
    @Test("every value knows its place, whatever stands before it")
    func places() throws {
        let root = try #require(
            try YAMLNode.read("\u{FEFF}# größe\nä: {b: 'c', d: [1,\n  \"2\"]}\ne:\n  - f: |\n      g\n"))
        let inner = try #require(root["ä"])
        #expect(inner.place == place(2, 4))
        #expect(inner["b"]?.place == place(2, 8))
        guard case .sequence(let numbers) = inner["d"]?.content else {
            Issue.record("no list")
            return
        }
        #expect(numbers.map(\.place) == [place(2, 17), place(3, 3)])
        #expect(numbers.map(\.text) == ["1", "2"])
        guard case .sequence(let items) = root["e"]?.content else {
            Issue.record("no list")
            return
        }
        #expect(items.first?["f"]?.place == place(5, 8))
        #expect(items.first?["f"]?.text == "g\n")
    }

    @Test("a scalar is the text that it is", arguments: ["no", "22:00", "0x1f", "~", "1_000", "2026-11-30"])
    func texts(text: String) throws {
        for (written, isPlain) in [(text, true), ("'\(text)'", false), ("!!str \(text)", true)] {
            guard case .scalar(text, isPlain) = try YAMLNode.read(written)?.content else {
                Issue.record("\(written)")
                continue
            }
        }
    }

    @Test("a key that is repeated is there as often as it is written")
    func repeated() throws {
        let root = try #require(try YAMLNode.read("a: 1\nb: 2\n'a': 3\n"))
        guard case .mapping(let entries) = root.content else {
            Issue.record("no mapping")
            return
        }
        #expect(entries.map(\.key.text) == ["a", "b", "a"])
        #expect(entries.map(\.key.place.line) == [1, 2, 3])
        #expect(root["a"]?.text == "3")
    }

    @Test(
        "what only looks like anchors and aliases is text",
        arguments: ["'a &b *c'", "a & b * c", "\"*a &a\"", "# &a *a\na"])
    func noAliases(text: String) throws {
        #expect(try YAMLNode.read(text)?.text != nil)
    }

    @Test("nothing is no value", arguments: ["", "\n \n", "# only this", "---\n", "---\n...\n", "\u{FEFF}"])
    func nothing(text: String) throws {
        #expect(try YAMLNode.read(text) == nil)
    }

    @Test(
        "what is still open where the text ends is shown where it begins",
        arguments: [
            ("a: [b, {c: d}", "line 1, column 4: this [ is never closed"),
            ("a: [b, {c: d\n# end", "line 1, column 8: this { is never closed"),
            ("a: \"b\n\n\n", "line 1, column 4: this quote is never closed"),
        ])
    func open(text: String, message: String) {
        #expect(throws: YAMLError.self) { try YAMLNode.read(text) }
        do { _ = try YAMLNode.read(text) } catch { #expect("\(error)" == message) }
    }

    private func place(_ line: Int, _ column: Int) -> TextPlace {
        TextPlace(line: line, column: column)
    }
}
