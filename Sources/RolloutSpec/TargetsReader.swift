import Contract
import DefragTypes
import Rollout
import Settings

/// Reads the targets of a specification: which files of which hosts.
enum TargetsReader {
    static let example = "{hosts: [web-*], paths: [/srv/vm/**/*.img]}"

    static func targets(_ value: SpecValue) throws(SpecErrors) -> RolloutSpec.Targets {
        var mapping = try value.mapping(
            such: example, known: ["hosts", "labels", "paths", "minExtents", "minSize"])
        var targets = RolloutSpec.Targets(hosts: ["*"], paths: [])
        if !mapping.has("labels") {
            mapping.require(
                "hosts", such: "hosts: [web-*], or labels: {rack: [r1, r2]}; hosts: ['*'] is every host")
        }
        mapping.read("hosts", into: &targets.hosts) { hosts throws(SpecErrors) in
            try hosts.filledList(such: "[web-*]", hostPattern)
        }
        mapping.read("labels", into: &targets.labels, labels)
        mapping.require("paths", such: "paths: [/srv/vm/**/*.img]")
        mapping.read("paths", into: &targets.paths) { paths throws(SpecErrors) in
            try paths.filledList(such: "[/srv/vm/**/*.img]", path)
        }
        mapping.read("minExtents", into: &targets.minExtents) { least throws(SpecErrors) in
            try least.number(1...Int.max, such: 1000)
        }
        targets.minSize = mapping.read("minSize") { least throws(SpecErrors) in
            try least.parsed("a size", such: "a size such as 1GiB") { ByteCount($0) }
        }
        guard mapping.errors.problems.isEmpty else { throw mapping.errors }
        return targets
    }

    private static func labels(_ value: SpecValue) throws(SpecErrors) -> [String: [String]] {
        let labels = try value.labels(such: "{rack: [r1, r2]}") { value throws(SpecErrors) in
            try value.filledList(such: "[r1, r2]", labelValue)
        }
        if labels.isEmpty { throw value.refused("is empty; write {rack: [r1, r2]}, or leave it out") }
        return labels
    }

    private static func labelValue(_ value: SpecValue) throws(SpecErrors) -> String {
        try value.parsed(
            "the value of a label (1 to 63 of a-z, A-Z, 0-9 and -_.)", such: "one such as r1"
        ) { isLabel($0) ? $0 : nil }
    }

    private static func hostPattern(_ value: SpecValue) throws(SpecErrors) -> String {
        try value.parsed(
            "the name of a host (a-z, 0-9 and -, with * for any of them)", such: "one such as web-1 or web-*"
        ) { text in
            // A star may stand for nothing.
            let longest = text.filter { $0 != "*" }
            let isPattern = text.contains("*") && (longest.isEmpty || HostName("a\(longest)a") != nil)
            return HostName(text) != nil || isPattern ? text : nil
        }
    }

    private static func path(_ value: SpecValue) throws(SpecErrors) -> String {
        let path = try value.text(such: "a path such as /srv/vm/**/*.img")
        if let problem = pathProblem(path, mayBeRelative: true) { throw value.refused(problem) }
        return path
    }
}
