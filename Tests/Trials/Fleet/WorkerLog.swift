import Support

/// A worker's log, read as it grows.
final class WorkerLog {
    private let text: GrowingText
    private var open: [String] = []
    private var begun = 0

    init(of worker: Process) {
        text = GrowingText(worker.errorFile)
    }

    /// Ids of the slices that have begun and not ended.
    func running() -> [String] {
        for line in text.newLines() {
            guard let task = line.firstRange(of: "task=") else { continue }
            let id = String(line[task.upperBound...].prefix { $0 != " " })
            if line.contains("slice begins") {
                open.append(id)
                begun += 1
            }
            if line.contains("slice ends") { open.removeAll { $0 == id } }
        }
        return open
    }

    /// How many slices have begun so far.
    func countBegun() -> Int {
        _ = running()
        return begun
    }
}
