import Settings
import Testing

@Suite("What others say, on a terminal") struct PlainTextTests {
    @Test(
        "nothing of it is obeyed",
        arguments: [
            ("/srv/vm/größe 1.img", "/srv/vm/größe 1.img"), ("a\u{1B}[2Jb", "a�[2Jb"), ("a\r\nb", "a��b"),
            ("\u{9B}1A\t\u{7F}", "�1A��"), ("a\u{202E}gmi.b", "a�gmi.b"), ("a\u{2028}b", "a�b"), ("", ""),
            ("a\u{200F}b\u{61C}c", "a�b�c"), ("a\u{200B}\u{2066}b\u{FEFF}\u{E0041}c", "a��b��c"),
            ("n\u{200C}m\u{200D}\u{2764}\u{FE0F}", "n\u{200C}m\u{200D}\u{2764}\u{FE0F}"), ("a\u{85}b", "a�b"),
            ("\u{301}x", "\u{25CC}\u{301}x"), ("x\u{301}", "x\u{301}"),
        ])
    func plain(text: String, shown: String) {
        #expect(text.plain == shown)
    }

    @Test("lines stay lines where several are meant")
    func lines() {
        #expect("a\n\u{1B}b\n\nc\r".plainLines == "a\n�b\n\nc�")
    }
}
