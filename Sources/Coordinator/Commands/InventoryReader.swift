import Contract
import Rollout
import Settings
import YAML

extension SettingsReader<ServeConfiguration.Setting> {
    /// Reads `inventory`: `{alpha: {rack: r1}, "web-*": {rack: r2}}`. What is wrong is noted.
    mutating func inventory(_ node: YAMLNode, _ path: String) -> Inventory {
        guard let hosts = node.mapping else {
            refuse(
                "\(path) line \(node.place.line): inventory: labels by hosts, such as {alpha: {rack: r1}}",
                line: node.place.line)
            return Inventory()
        }
        var entries: [Inventory.Entry] = []
        for (key, value) in hosts {
            let name = key.text ?? ""
            let place = "\(path) line \(key.place.line): inventory.\(shortened(name).plain)"
            guard Self.isPattern(name) else {
                refuse(
                    "\(place) is not the name of a host (a-z, 0-9 and -, with * for any of them)",
                    line: key.place.line)
                continue
            }
            guard let labels = value.mapping else {
                refuse("\(place): labels are wanted, such as {rack: r1}", line: key.place.line)
                continue
            }
            if entries.contains(where: { $0.hosts == name }) {
                refuse("\(place) is there twice", line: key.place.line)
            }
            var entry = Inventory.Entry(hosts: name, labels: [:])
            for (labelNode, valueNode) in labels {
                let (label, text) = (labelNode.text ?? "", valueNode.text ?? "")
                if !isLabel(label) || !isLabel(text) {
                    refuse(
                        "\(place): '\(shortened("\(label): \(text)").plain)' is no label: key and value are 1 to 63 of a-z, A-Z, 0-9 and -_.",
                        line: valueNode.place.line)
                }
                entry.labels[label] = text
            }
            entries.append(entry)
        }
        return Inventory(entries)
    }

    private static func isPattern(_ text: String) -> Bool {
        // A star may stand for nothing.
        let letters = text.filter { $0 != "*" }
        return HostName(text) != nil
            || (text.contains("*") && (letters.isEmpty || HostName("a\(letters)a") != nil))
    }
}
