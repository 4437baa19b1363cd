import DefragTypes
import ReflowAPI

extension Store {
    /// Sums over targets.
    struct Tally: Hashable, Sendable {
        /// How many.
        var targets = 0
        var size = ByteCount.zero
        /// As they were surveyed, and as they were last seen.
        var extentsBefore = 0
        var extentsAfter = 0
        /// Seconds of reflink copies that were to be gained.
        var gain = 0.0
        /// Bytes laid afresh.
        var rewritten = ByteCount.zero
        /// Extra space that this has cost.
        var unshared = ByteCount.zero
        /// Bytes before their cursors.
        var cursor = ByteCount.zero

        static func + (left: Tally, right: Tally) -> Tally {
            Tally(
                targets: left.targets + right.targets, size: left.size + right.size,
                extentsBefore: left.extentsBefore + right.extentsBefore,
                extentsAfter: left.extentsAfter + right.extentsAfter, gain: left.gain + right.gain,
                rewritten: left.rewritten + right.rewritten, unshared: left.unshared + right.unshared,
                cursor: left.cursor + right.cursor)
        }
    }

    /// Sums over targets by where they stand.
    struct Totals: Hashable, Sendable {
        /// Without those that are empty.
        var byPhase: [TargetPhase: Tally] = [:]

        /// Over all of them.
        var all: Tally { byPhase.values.reduce(Tally(), +) }

        /// How many stand there.
        func count(_ phase: TargetPhase) -> Int { byPhase[phase]?.targets ?? 0 }

        /// How many files stand where.
        var targets: RolloutStatus.Targets { .init(byPhase.mapValues(\.targets)) }

        /// The sizes of all files, and how much of that is behind: files that have ended, others up to their cursors.
        var bytes: RolloutStatus.Bytes {
            byPhase.reduce(into: .init()) { bytes, entry in
                bytes.total += entry.value.size
                bytes.behind += entry.key.isEnded ? entry.value.size : entry.value.cursor
            }
        }

        /// Extents of all of them, as they were surveyed and as they were last seen.
        var extents: DefragResult.Change<Int> {
            .init(before: all.extentsBefore, after: all.extentsAfter)
        }
    }
}
