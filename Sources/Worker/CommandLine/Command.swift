/// A subcommand as its table of options: parsing and help both come from here.
///
/// Our own, and not swift-argument-parser, which brings FoundationEssentials: a hello-world of 14.5 MB instead of
/// 6.1 MB (static standard library, stripped), 10.0 MiB resident instead of 6.5. The worker runs on every host.
struct Command: Sendable {
    /// How it is called, such as `defrag`.
    let name: String
    /// One line for the list of commands.
    let summary: String
    /// What follows the options in the usage line, such as `FILE...`; empty for nothing.
    let operands: String
    /// The options, in the order in which help lists them.
    let options: [Option]
    /// What else there is to know, after the options.
    var notes = ""

    /// One option.
    struct Option: Sendable {
        /// With its dashes: `--max-pause`.
        let name: String
        /// What stands for the value in help; `nil` for a flag.
        let placeholder: String?
        /// What it does, with its default.
        let help: String

        init(_ name: String, _ placeholder: String? = nil, _ help: String) {
            self.name = name
            self.placeholder = placeholder
            self.help = help
        }
    }
}

/// What a command line says, by the table of its command.
struct Arguments: Equatable {
    /// Options in the order given; flags have an empty value.
    private(set) var options: [String: String] = [:]
    /// Everything else.
    private(set) var operands: [String] = []
    /// Whether help was asked for.
    private(set) var wantsHelp = false

    /// The value of the option `name`; the last one counts.
    subscript(_ name: String) -> String? { options[name] }

    /// Takes `arguments` apart: `--name value`, `--name=value`, flags, operands in between, and after `--` operands
    /// only.
    init(_ arguments: some Sequence<String>, for command: Command) throws(UsageError) {
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                break
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                operands.append(argument)
                continue
            }
            if argument == "-h" || argument == "--help" {
                wantsHelp = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = command.options.first(where: { $0.name == name }) else {
                throw UsageError.unknown(
                    "option", name, of: command.options.map(\.name), command: command.name)
            }
            let attached = parts.count == 2 ? String(parts[1]) : nil
            options[name] = try Self.value(attached, of: option, from: &rest)
        }
    }

    private static func value(
        _ attached: String?, of option: Command.Option, from rest: inout ArraySlice<String>
    ) throws(UsageError) -> String {
        guard let placeholder = option.placeholder else {
            guard attached == nil else { throw UsageError("\(option.name) takes no value") }
            return ""
        }
        if let attached { return attached }
        guard let next = rest.first, !next.hasPrefix("--") else {
            throw UsageError("\(option.name) needs a value: \(option.name) \(placeholder)")
        }
        rest.removeFirst()
        return next
    }
}
