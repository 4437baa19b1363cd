import Contract
import DefragTypes
import Foundation
import Testing

@Suite("What is out of bounds") struct BoundsTests {
    @Test(
        "of any field of any message is refused, saying which; the bound itself is not",
        arguments: BoundsTable.messages.map(\.name))
    func everyField(name: String) throws {
        let fields = try #require(BoundsTable.messages.first { $0.name == name }).fields
        let prefix = name == "the envelope" ? [] : ["data"]
        for field in fields {
            for (value, isWithin) in field.trials { try expect(name, prefix + field.path, value, isWithin) }
            if field.type == "PolicyOverrides" { try everySetting(name, prefix + field.path) }
        }
    }

    private func everySetting(_ name: String, _ path: [String]) throws {
        for (setting, shape) in BoundsTable.policy {
            for (value, isWithin) in shape.trials {
                try expect(name, path, .value([setting: value.value([:])]), isWithin, says: setting)
            }
        }
        let long = String(repeating: "0", count: 31) + "5%"
        try expect(name, path, .value(["minFree": long]), false, says: "minFree")
        try expect(name, path, .value(["minFree": String(long.dropFirst())]), true)
        try expect(name, path, .value(["sharing": "x"]), false, says: "sharing")
    }

    /// Tries the sample message `name` with `trial` at `path`.
    private func expect(
        _ name: String, _ path: [String], _ trial: Trial, _ isWithin: Bool, says: String? = nil
    ) throws {
        let sample = try #require(Samples.json[name])
        let tree = try JSONSerialization.jsonObject(with: Data(sample))
        let changed = try #require(replaced(in: tree, path[...], trial), "no \(path) in the sample")
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: changed))
        let error: ContractError?
        do throws(ContractError) {
            try Samples.decode(name, bytes)
            error = nil
        } catch let refused { error = refused }
        if isWithin {
            #expect(error == nil, "\(name) \(path) \(trial)")
        } else {
            #expect(error?.code == .malformed, "\(name) \(path) \(trial)")
            let field = says ?? path.last { !$0.hasPrefix("[") } ?? ""
            // What is no integer of 64 bits is refused by the reader of JSON, which knows lines and columns.
            #expect(
                error?.message.contains(field) == true || trial.isNoInteger,
                "\(error?.message ?? "") for \(path)")
            #expect((error?.message.utf8.count ?? 0) < 300)
        }
    }

    private func replaced(in node: Any, _ path: ArraySlice<String>, _ trial: Trial) -> Any? {
        guard let step = path.first else { return trial.value(node) }
        if var object = node as? [String: Any] {
            guard let inner = object[step] else { return nil }
            object[step] = replaced(in: inner, path.dropFirst(), trial)
            return object
        }
        guard var list = node as? [Any], let index = Int(step.dropFirst().dropLast()),
            list.indices.contains(index)
        else { return nil }
        guard let inner = replaced(in: list[index], path.dropFirst(), trial) else { return nil }
        list[index] = inner
        return list
    }
}

/// What is put in the place of a field's value.
enum Trial: CustomStringConvertible {
    case value(Any)
    /// So many copies of the list's first element.
    case copies(Int)

    func value(_ node: Any) -> Any {
        switch self {
        case .value(let value): value
        case .copies(let count): Array(repeating: (node as? [Any])?.first ?? "", count: count)
        }
    }

    var isNoInteger: Bool {
        if case .value(let value) = self { "\(value)".contains("\(UInt64.max)") } else { false }
    }

    var description: String {
        switch self {
        case .value(let value): "\(value)".prefix(80).description
        case .copies(let count): "\(count) of them"
        }
    }
}

extension RecordedField {
    /// Values at the bound (true) and beyond it.
    var trials: [(Trial, Bool)] {
        if let choices { return choices.map { (.value($0), true) } + [(.value("x"), false)] }
        let trials = shape?.trials ?? []
        // A time and a version must be more than short.
        return ["time", "certificateExpires", "reflowversion"].contains(path.last)
            ? trials.filter { !$0.1 } : trials
    }
}

extension Shape {
    var trials: [(Trial, Bool)] {
        switch self {
        case .text(let bytes, let form, _):
            func letters(_ count: Int) -> Trial { .value(String(repeating: "a", count: count)) }
            var trials = [(letters(bytes.upperBound), true), (letters(bytes.upperBound + 1), false)]
            trials.append((letters(bytes.lowerBound), true))
            if bytes.lowerBound > 0 { trials.append((letters(bytes.lowerBound - 1), false)) }
            trials.append((.value("a\u{1b}[31mé"), form == .words || form == .data))
            trials.append((.value("é b"), form != .code))
            return trials
        case .integer(let range):
            var trials: [(Trial, Bool)] = [
                (.value(range.lowerBound), true), (.value(range.upperBound), true),
            ]
            trials.append((.value(range.lowerBound - 1), false))
            trials.append(
                (.value(range.upperBound == .max ? UInt64.max : UInt64(range.upperBound) + 1), false))
            return trials
        case .number(let range):
            let width = range.upperBound - range.lowerBound
            return [
                (.value(range.lowerBound), true), (.value(range.upperBound), true),
                (.value(range.lowerBound - min(width / 1000, 0.001 + abs(range.lowerBound) / 1000)), false),
                (.value(range.upperBound + width / 1000), false), (.value(1e300), false),
            ]
        case .list(let most):
            return [(.copies(most), true), (.copies(most + 1), false), (.value([Any]()), true)]
        case .map(let most, let key, let value):
            func entries(_ count: Int) -> Trial {
                .value(Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", "v") }))
            }
            return [(entries(most), true), (entries(most + 1), false)]
                + value.trials.map { (.value(["k": $0.0.value("")]), $0.1) }
                + key.trials.compactMap { trial, isWithin in
                    (trial.value("") as? String).map { (.value([$0: "v"]), isWithin) }
                }
        }
    }
}
