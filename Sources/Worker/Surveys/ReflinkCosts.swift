import Defrag
import DefragTypes
import Dispatch
import Synchronization
import XFS

/// What reflink copies cost on each file system, measured once while the process lives, and only where there is a file
/// for which it matters.
final class ReflinkCosts: Sendable {
    private enum Knowledge {
        case underWay
        case known(ReflinkCost)
    }

    private let isMeasuring: Bool
    private let knowledge = Mutex<[String: Knowledge]>([:])

    /// Copies of files of fewer extents take a few milliseconds at most, however far from usual the cost is.
    private static let fewExtents = 256
    /// A frozen file system does not answer before it is thawed; a survey, which only reads, must not wait for that.
    private static let patience = Duration.seconds(3)

    /// Costs that are measured, or that are the usual ones everywhere.
    init(isMeasuring: Bool = true) {
        self.isMeasuring = isMeasuring
    }

    /// What a copy costs on `fileSystem`, for `file` on it, of so many extents. Measuring blocks for some 0.3 s and writes some
    /// MiB, so it is left for another time unless `canMeasure`.
    func cost(
        on fileSystem: String, of file: borrowing XFS.File, extents: Int, canMeasure: Bool = true
    ) -> ReflinkCost {
        guard isMeasuring else { return .usual(fileSystem: fileSystem) }
        let known: Knowledge? = knowledge.withLock { knowledge in
            if let known = knowledge[fileSystem] { return known }
            if extents >= Self.fewExtents, canMeasure { knowledge[fileSystem] = .underWay }
            return nil
        }
        switch known {
        case .known(let cost): return cost
        case .underWay: return late(fileSystem)
        case nil where extents < Self.fewExtents: return .usual(fileSystem: fileSystem)
        case nil where !canMeasure:
            return .usual(fileSystem: fileSystem, because: "this host is paused, and measuring writes to it")
        case nil: return measure(fileSystem, beside: file)
        }
    }

    /// What there is to say about the file systems for which the cost was asked and mattered.
    var all: [ReflinkCost] {
        knowledge.withLock { knowledge in
            knowledge.sorted { $0.key < $1.key }.map { fileSystem, known in
                if case .known(let cost) = known { cost } else { late(fileSystem) }
            }
        }
    }

    /// A folder for another thread: closures that escape cannot take over what cannot be copied.
    private final class Place: Sendable {
        let folder: Folder
        init(_ folder: consuming Folder) { self.folder = folder }
    }

    private func measure(_ fileSystem: String, beside file: borrowing XFS.File) -> ReflinkCost {
        let place: Place
        do throws(SystemError) {
            place = Place(try file.openFolder())
        } catch {
            let cost = ReflinkCost.usual(fileSystem: fileSystem, because: "\(error)")
            knowledge.withLock { $0[fileSystem] = .known(cost) }
            return cost
        }
        let done = DispatchSemaphore(value: 0)
        DispatchQueue(label: "reflow.calibration").async { [self] in
            let cost = measureReflinkCost(in: place.folder, fileSystem: fileSystem)
            knowledge.withLock { $0[fileSystem] = .known(cost) }
            done.signal()
        }
        guard done.wait(timeout: .now() + Self.patience.inSeconds) == .success,
            case .known(let cost) = knowledge.withLock({ $0[fileSystem] })
        else { return late(fileSystem) }
        return cost
    }

    private func late(_ fileSystem: String) -> ReflinkCost {
        .usual(
            fileSystem: fileSystem,
            because: "it did not answer within \(Self.patience.text): is it frozen, or very busy?")
    }
}
