import RolloutSpec
import Testing
import YAML

/// Each mistake, and the whole of what is said about it.
@Suite("mistakes in a rollout's specification") struct SpecMistakesTests {
    @Test(
        "in its outline",
        arguments: [
            ("", "the text is empty: a specification has at least name and targets"),
            ("# nothing\n", "the text is empty: a specification has at least name and targets"),
            ("november", "line 1, column 1: is a single value, not a mapping; write name: … and targets: …"),
            ("[a]", "line 1, column 1: is a list, not a mapping; write name: … and targets: …"),
            (
                "targets: {hosts: [a, b], paths: [/v]}\n",
                "line 1, column 1: name: is missing; write a name, such as name: november"
            ),
            (
                "name: n\n",
                "line 1, column 1: targets: is missing; write targets: {hosts: [web-*], paths: [/srv/vm/**/*.img]}"
            ),
            (
                "name: [n]\ntargets: {hosts: [a, b], paths: [/v]}\n",
                "line 1, column 7: name: is a list; write a name, such as november"
            ),
            (
                "name:\ntargets: {hosts: [a, b], paths: [/v]}\n",
                "line 1, column 6: name: has no value; write one, or leave the key out"
            ),
            (
                "name: ''\ntargets: {hosts: [a, b], paths: [/v]}\n",
                "line 1, column 7: name: a name has 1 to 100 characters in one line"
            ),
            (
                "name: n\ntargets: {hosts: [a, b], paths: [/v]}\nstrategie: {}\n",
                "line 3, column 1: strategie: is no key here; did you mean 'strategy'?"
            ),
            (
                "name: n\ntargets: {hosts: [a, b], paths: [/v]}\nmail: me\n",
                "line 3, column 1: mail: is no key here; known are name, targets, policy, strategy"
            ),
            (
                "name: n\ntargets: {hosts: [a, b], paths: [/v]}\nname: m\n",
                "line 1, column 1: name: stands again in line 3: only one of them can be meant"
            ),
            (
                "name: n\ntargets: {hosts: [a, b], paths: [/v]}\n[a]: b\n",
                "line 3, column 1: a key has to be a single word"
            ),
        ] as [(String, String)])
    func outline(text: String, message: String) {
        expectProblems(text, message)
    }

    @Test(
        "in its form",
        arguments: [
            (
                "name: n\ntargets: {hosts: [a, paths: [/v]}\n",
                "line 2, column 33: it is no YAML: while parsing a flow sequence, did not find expected ',' or ']'"
            ),
            (
                "name: n\n\ttargets: 1\n",
                "line 2, column 1: lines are indented with spaces, not tabs"
            ),
            (
                "name: @n\n",
                "line 1, column 7: a text that begins with @, % or ` needs quotes"
            ),
            ("name: n\ntargets: {hosts: [a],\n  paths: [/v]\n", "line 2, column 10: this { is never closed"),
            ("name: n\ntargets: {hosts: [a\n", "line 2, column 18: this [ is never closed"),
            (
                "name: n\ntargets: {hosts: [a,\n",
                "line 2, column 20: it is no YAML: while parsing a flow node, did not find expected node content"
            ),
            ("name: 'n\n", "line 1, column 7: this quote is never closed"),
            ("---\n", "the text is empty: a specification has at least name and targets"),
            (
                "name: n\ntargets:\n\t{hosts: [a]}\n",
                "line 3, column 1: lines are indented with spaces, not tabs"
            ),
            (
                "\u{FEFF}november",
                "line 1, column 1: is a single value, not a mapping; write name: … and targets: …"
            ),
            (
                "name: n\ntargets: {hosts: [*-db]}\n",
                "line 2, column 19: a text that begins with * needs quotes: '*-db'"
            ),
            (
                "name: n\ntargets: {hosts: [*]}\n",
                "line 2, column 20: a text that begins with * needs quotes: '*-db'"
            ),
            ("name: n\n---\nname: m\n", "line 2, column 1: another document begins here: only one is read"),
            (
                "name: &x n\ntargets: {hosts: [*x]}\n",
                "line 2, column 19: anchors (&name) and aliases (*name) are not read here: write the value out, or put it in quotes"
            ),
            ("name: \"a\u{1}b\"\n", "it is no text: control characters are not allowed"),
        ] as [(String, String)])
    func form(text: String, message: String) {
        expectProblems(text, message)
    }

    @Test("are all told at once, in the order of the text, a key that stands twice among them")
    func allAtOnce() {
        expectProblems(
            """
            name: n
            targets: {hosts: [A], paths: [v], paths: [/v], "paths": [/w]}
            policy:
              maxPause: 20
            strategy:
              ramp: [2, 1]
              slice: 1s
              slice: 5s
            polcy: {}
            """,
            """
            line 2, column 19: targets.hosts[0]: 'A' is not the name of a host (a-z, 0-9 and -, with * for any of them); write one such as web-1 or web-*
            line 2, column 23: targets.paths: stands again in line 2: only one of them can be meant
            line 2, column 35: targets.paths: stands again in line 2: only one of them can be meant
            line 4, column 13: policy.maxPause: '20' is not a duration with its unit, such as 20ms
            line 6, column 13: strategy.ramp[1]: 1 is not more than the step before it (2): a ramp rises, as in [1, 2, 4, 8]
            line 7, column 3: strategy.slice: stands again in line 8: only one of them can be meant
            line 9, column 1: polcy: is no key here; did you mean 'policy'?
            """)
    }

    @Test("cost little, however the text is made")
    func hostileTexts() {
        expectProblems(
            String(repeating: "a", count: YAMLNode.maxBytes + 1),
            "the text has 1048577 bytes: more than 1 MiB is not read")
        let levels = (1...30).map { level in
            let inner = repeatElement("*l\(level - 1)", count: 9).joined(separator: ",")
            return "l\(level): &l\(level) [\(inner)]"
        }
        expectProblems(
            "l0: &l0 [x]\n" + levels.joined(separator: "\n"),
            "line 2, column 10: anchors (&name) and aliases (*name) are not read here: write the value out, or put it in quotes"
        )
        let deep = SpecMistakes.messages(String(repeating: "[", count: 200_000))
        #expect(deep.hasSuffix(": nested deeper than anything that is known here"), "\(deep)")
        let keys = (0..<200).map { "k\($0): 1\nk\($0): 2" }.joined(separator: "\n")
        let repeated = SpecMistakes.messages(keys).split(separator: "\n")
        #expect(
            repeated.first == "line 1, column 1: k0: stands again in line 2: only one of them can be meant")
        #expect(repeated.count == 100)
        let many = SpecMistakes.messages((0..<5000).map { "key\($0): 1" }.joined(separator: "\n"))
        #expect(many.split(separator: "\n").count == 100)
    }
}

/// Asserts what is said of `text`: every problem, a line each; nothing if it is right.
func expectProblems(
    _ text: String, _ messages: String, _ location: SourceLocation = #_sourceLocation
) {
    #expect(SpecMistakes.messages(text) == messages, sourceLocation: location)
}

enum SpecMistakes {
    /// What is said of `text`; empty if nothing is wrong with it.
    static func messages(_ text: String) -> String {
        do throws(SpecErrors) {
            _ = try SpecReader.read(text)
            return ""
        } catch {
            return error.description
        }
    }
}
