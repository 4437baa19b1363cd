import Contract
import DefragTypes

/// A body with nothing in it: what is left is the envelope.
struct RecordedBody: MessageBody {
    static let type = "x"
    var type: String { Self.type }
    init(type: String, from decoder: any Decoder) {}
    func encode(to encoder: any Encoder) {}
}

/// The bounds of every message, as docs/messages.md has them.
enum BoundsTable {
    /// Every kind of message, and the fields that its type decodes.
    static let messages: [(name: String, fields: [RecordedField])] = {
        do {
            return [
                ("the envelope", try recordedFields(of: Message<RecordedBody>.self)),
                ("reflow.task.slice", try recordedFields(of: SliceTask.self)),
                ("reflow.task.survey", try recordedFields(of: SurveyTask.self)),
                ("reflow.control.desired", try recordedFields(of: DesiredState.self)),
                ("reflow.slice.finished", try recordedFields(of: SliceFinished.self)),
                ("reflow.survey.page", try recordedFields(of: SurveyPage.self)),
                ("reflow.survey.finished", try recordedFields(of: SurveyFinished.self)),
                ("reflow.progress", try recordedFields(of: HostProgress.self)),
                ("reflow.host.state", try recordedFields(of: HostState.self)),
            ]
        } catch {
            fatalError("\(error)")
        }
    }()

    /// What a ``PolicyOverrides`` takes; the tests try it.
    static let policy: [(name: String, shape: Shape)] = [
        ("maxPause", .number(0.001...10)),
        ("maxChunk", .integer(64 << 10...1 << 30)),
        ("window", .integer(1 << 20...1 << 30)),
        ("duty", .number(0.01...1)),
        ("idle", .number(0...60)),
        ("rate", .integer(64 << 10...Int64.max)),
        ("targetExtent", .integer(64 << 10...8 << 30)),
        ("unshareBudget", .integer(0...Int64.max)),
        ("minFree", .integer(0...Int64.max)),
    ]

    /// The tables in Markdown.
    static var markdown: String {
        var lines: [String] = []
        func table(_ name: String, _ rows: [(String, String)]) {
            lines += [
                "", "`\(name)`".replacing("`the envelope`", with: "The envelope"), "", "| field | bound |",
                "|---|---|",
            ]
            lines += rows.map { "| \($0) | \($1) |" }
        }
        for (name, fields) in messages {
            let pairs = Set(fields.filter { $0.path.last == "[1]" }.map { Array($0.path.dropLast()) })
            table(
                name,
                fields.compactMap { field in
                    field.bound.map {
                        ("`\(field.text(pairs))`" + (field.isOptional ? ", optional" : ""), $0)
                    }
                })
        }
        table(
            "policy",
            policy.map {
                (
                    "`\($0)`, optional",
                    $1.text + ($0 == "minFree" ? ", or a text of at most 32 bytes such as `5%`" : "")
                )
            }
                + [("`sharing`, optional", "`preserve`, `unshare`")])
        return lines.dropFirst().joined(separator: "\n")
    }
}

extension RecordedField {
    /// `files[].path`; elements of a list that is a pair keep their numbers.
    func text(_ pairs: Set<[String]>) -> String {
        var text = ""
        for (index, name) in path.enumerated() {
            if name.hasPrefix("[") {
                text += pairs.contains(Array(path[..<index])) ? name : "[]"
            } else {
                text += text.isEmpty ? name : ".\(name)"
            }
        }
        return text
    }

    /// The bound in words; `nil` for what consists of fields with bounds of their own.
    var bound: String? {
        if let choices { return choices.map { "`\($0)`" }.joined(separator: ", ") }
        if let shape { return shape.text }
        switch type {
        case "Bool": return "true or false"
        case "PolicyOverrides": return "see `policy`"
        case "String": return "`1.0`"
        default: return isOptional ? "object" : nil
        }
    }
}

extension Shape {
    var text: String {
        switch self {
        case .text(let bytes, let form, let written):
            let least = bytes.lowerBound == 0 ? "at most" : "\(bytes.lowerBound) to"
            let form =
                switch form {
                case .code: ", letters, digits and `-_.`"
                case .name: ", no control characters"
                case .words, .data: ""
                }
            return "text, \(least) \(grouped(bytes.upperBound)) bytes\(form)"
                + (written < bytes.upperBound ? "; cut at \(grouped(written)) when written" : "")
        case .integer(let range):
            return "integer, \(power(range.lowerBound)) to \(power(range.upperBound))"
        case .number(let range): return "number, \(decimal(range.lowerBound)) to \(decimal(range.upperBound))"
        case .list(let most): return "list of at most \(grouped(most))"
        case .map(let most, let key, let value):
            return "object of at most \(grouped(most)); keys: \(key.text); values: \(value.text)"
        }
    }
}

private func grouped(_ number: some BinaryInteger) -> String {
    let digits = String(number)
    guard digits.count > 4 else { return digits }
    return digits.reversed().enumerated().reversed().map { index, digit in
        String(digit) + (index > 0 && index % 3 == 0 ? "," : "")
    }.joined()
}

private func power(_ number: Int64) -> String {
    if number == .max { return "2^63 - 1" }
    guard number > 1 << 20, number & (number - 1) == 0 else { return grouped(number) }
    return "2^\(number.trailingZeroBitCount)"
}

private func decimal(_ number: Double) -> String {
    Int64(exactly: number).map { ($0 < 0 ? "-" : "") + grouped($0.magnitude) } ?? "\(number)"
}
