import Contract
import Foundation
import JSON
import Synchronization

/// What all hosts have done together.
final class Account: Sendable {
    /// Counts from the start.
    private struct Figures: Encodable, Equatable {
        /// Seconds since 1970.
        var time = 0.0
        /// Tasks that were delivered, without redeliveries.
        var surveys = 0
        var slices = 0
        /// Tasks that were redelivered, and recognised.
        var again = 0
        /// Messages of the hosts: answers that the broker has confirmed, host states, progress.
        var answers = 0
        var states = 0
        var progress = 0
        /// Files whose end was reached, and those for which that happened more than once.
        var done = 0
        var doneAgain = 0
        /// Slices that ended early because the host was paused.
        var paused = 0
        /// Hosts that work now: from their first slice until all of their files are done.
        var atWork = 0
        /// Most of them at any time, also of one rack.
        var mostAtWork = 0
        var mostOfRack = 0
        /// Milliseconds from the end of a slice until the next one of the same file system arrives: the median, the longest
        /// except for one in a hundred, the longest.
        var medianMs = 0.0
        var p99Ms = 0.0
        var longestMs = 0.0
    }

    private struct State {
        var figures = Figures()
        var racks: [String: Int] = [:]
        var waits: [Double] = []
    }

    private let state = Mutex(State())

    /// A task was delivered for the first time.
    func took(_ task: HostTask) {
        state.withLock {
            switch task {
            case .survey: $0.figures.surveys += 1
            case .slice: $0.figures.slices += 1
            }
        }
    }

    /// One was redelivered.
    func recognised() { state.withLock { $0.figures.again += 1 } }

    /// A message is published.
    func said(_ event: HostEvent) {
        state.withLock {
            switch event {
            case .hostState: $0.figures.states += 1
            case .progress: $0.figures.progress += 1
            default: $0.figures.answers += 1
            }
        }
    }

    /// A file's end was reached; `isFirst` unless it had been before.
    func reachedEnd(isFirst: Bool) {
        state.withLock {
            $0.figures.done += 1
            if !isFirst { $0.figures.doneAgain += 1 }
        }
    }

    /// A slice ended early.
    func wasPaused() { state.withLock { $0.figures.paused += 1 } }

    /// A host has begun to work.
    func began(_ rack: String) {
        state.withLock {
            $0.racks[rack, default: 0] += 1
            $0.figures.atWork += 1
            $0.figures.mostAtWork = max($0.figures.mostAtWork, $0.figures.atWork)
            $0.figures.mostOfRack = max($0.figures.mostOfRack, $0.racks[rack] ?? 0)
        }
    }

    /// All files of a host are done.
    func ended(_ rack: String) {
        state.withLock {
            $0.racks[rack, default: 0] -= 1
            $0.figures.atWork -= 1
        }
    }

    /// A file system waited for its next slice.
    func waited(_ time: Duration) {
        state.withLock { $0.waits.append(time / .milliseconds(1)) }
    }

    /// Prints the counts at every interval in which they have grown, until cancelled.
    func print(every interval: Duration) async {
        var last = Figures()
        while (try? await Task.sleep(for: interval)) != nil {
            var figures = state.withLock(\.figures)
            if figures != last {
                last = figures
                figures.time = Date().timeIntervalSince1970
                print(figures)
            }
        }
    }

    /// Prints everything as it is now.
    func print() {
        var (figures, waits) = state.withLock { ($0.figures, $0.waits.sorted()) }
        figures.time = Date().timeIntervalSince1970
        if let longest = waits.last {
            figures.medianMs = waits[waits.count / 2]
            figures.p99Ms = waits[waits.count * 99 / 100]
            figures.longestMs = longest
        }
        print(figures)
    }

    private func print(_ figures: Figures) {
        guard let line = try? JSON.JSONEncoder().encode(figures) else { return }
        FileHandle.standardOutput.write(Data(line + [UInt8(ascii: "\n")]))
    }
}
