import Settings
import Testing

@Suite("What others say, on a terminal") struct PlainTextTests {
    @Test(
        "nothing of it is obeyed",
        arguments: [
            ("/srv/vm/größe 1.img", "/srv/vm/größe 1.img"), ("a\u{1B}[2Jb", "a�[2Jb"), ("a\r\nb", "a��b"),
            ("\u{9B}1A\t\u{7F}", "�1A��"), ("a\u{202E}gmi.b", "a�gmi.b"), ("a\u{2028}b", "a�b"), ("", ""),
            ("a\u{200F}b\u{61C}c", "a�b�c"), ("\u{301}x", "\u{25CC}\u{301}x"), ("x\u{301}", "x\u{301}"),
        ])
    func plain(text: String, shown: String) {
        #expect(text.plain == shown)
    }
}
