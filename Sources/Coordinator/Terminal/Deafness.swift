/// A host that lives but cannot consume its queue, in a sentence for people: why, in the broker's words, and what to do about it.
struct Deafness {
    let host: String
    let why: String

    var text: String { "\(host) cannot consume its tasks: \(why)\(advice)" }

    /// By the names that AMQP has for what a broker refuses; nothing for anything else.
    private var advice: String {
        if why.contains("NOT_FOUND") { return ". Run 'reflow provision --host \(host)'" }
        if why.contains("ACCESS_REFUSED") { return ". Let its broker account read that queue" }
        return ""
    }
}
