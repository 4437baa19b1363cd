import ArgumentParser
import Glibc

/// The output of a trial: its progress on standard error, its result on standard output.
struct Report: Sendable {
    private let name: String
    private let start = ContinuousClock.now

    init(_ name: String, seed: UInt64) {
        self.name = name
        print("\(name): --seed \(seed)")
        fflush(nil)
    }

    /// Shows the progress: in place on a terminal, line by line elsewhere.
    func progress(_ text: String) {
        say(isTerminal ? "\r\u{1B}[K\(name): \(text)" : "\(name): \(text)\n")
    }

    /// Prints lines of text.
    func lines(_ lines: [String]) {
        if isTerminal { say("\r\u{1B}[K") }
        for line in lines { print("  \(line)") }
    }

    private var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    private func say(_ text: String) { write(STDERR_FILENO, text, text.utf8.count) }

    /// Prints the figures that `trial` returns, or the promise that was broken.
    func closing(_ trial: () async throws -> [(String, Int)]) async throws {
        do {
            let figures = try await trial()
            if isTerminal { say("\r\u{1B}[K") }
            let width = figures.map(\.0.count).max() ?? 0
            for (label, figure) in figures {
                print("  \(label)\(String(repeating: " ", count: width - label.count))  \(figure)")
            }
            let seconds = (ContinuousClock.now - start).components.seconds
            print("\(name): kept, \(seconds / 60) min \(seconds % 60) s")
        } catch {
            print("\n\(name): BROKEN: \(error)")
            throw ExitCode(1)
        }
    }
}
