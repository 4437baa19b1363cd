import Contract

extension Hold {
    /// Who holds a host, since when, and why.
    var words: String {
        "held by \(by) since \(since.short)" + (why.isEmpty ? "" : ": \(why)")
    }
}
