import Defrag
import DefragTypes
import Support
import XFS

/// One random file, defragmented under one random policy, with or without others that use it.
struct DifferentialRound {
    /// Who else is there.
    enum Company: String, CaseIterable {
        /// Nobody.
        case none
        /// Nobody, but the file system is full for the most part.
        case crowd
        /// A user of the file.
        case interferer
    }

    let seed: UInt64
    let disk: RandomDisk

    /// Operations that an interferer should come to in a round, and most passes over the file until it has.
    private static let (operations, passes) = (200, 12)

    /// Plays it, and adds to `figures` what it has come to.
    ///
    /// - Throws: ``Violation`` if a promise is broken.
    func play(into figures: inout DifferentialTrial.Figures) throws {
        var random = Xorshift(seed: seed)
        let company: Company =
            [.none, .none, .none, .crowd, .interferer, .interferer, .interferer, .interferer]
            .randomElement(using: &random) ?? .none
        do {
            try play(company, &random, &figures)
            // The files are closed by now.
            try disk.makeRoom()
            try disk.inspect()
        } catch {
            throw Violation("company: \(company), file system: \(disk.description): \(error)")
        }
        figures.rounds[company, default: 0] += 1
    }

    private func play(
        _ company: Company, _ random: inout Xorshift, _ figures: inout DifferentialTrial.Figures
    ) throws {
        let path = disk.xfs.file("image")
        let file = Interferer(try RandomFile.make(path, blockSize: disk.blockSize, &random))
        let isRested = Bool.random(using: &random)
        if isRested { try disk.xfs.dropPreallocation() }
        let free = try disk.xfs.freeBytes()
        if company == .crowd {
            let mebibytes = Int64.random(in: 1...(Bool.random(using: &random) ? 12 : 400), using: &random)
            try disk.crowd(leaving: mebibytes << 20)
        }
        let before = try Observation(of: path)
        try file.withFile { $0.forgetTouches() }

        let runs =
            company == .interferer
            ? try run(with: file, path, &random) : [try run(path, isQuiet: true, &random)]
        let results = runs.flatMap(\.results)

        try file.withFile { try $0.compare() }
        let after = try Observation(of: path)
        try before.promiseNoTraces(in: after)
        figures.otherHints += try before.otherHints(inCopies: file.withFile { $0.backups.map(\.path) })
        if company == .interferer {
            let (fault, left) = try file.withFile {
                (
                    $0.touches.fault(before: before.layout, after: after.layout),
                    $0.touches.preallocationLeft(in: after.layout)
                )
            }
            if let fault { throw Violation("\(path): \(fault)") }
            figures.preallocationLeft += left
        } else {
            try before.promiseSameLayout(
                in: after, beyondEnd: isRested && before.isPreallocated, blockSize: disk.blockSize)
            for run in runs {
                let worse = try run.promiseExtents(
                    before: before, after: after, isFreeInPieces: disk.hasPieces || company == .crowd)
                figures.worse = max(figures.worse, worse)
                figures.worsened += worse > 0 ? 1 : 0
            }
            try compareSpace(results, free: free)
        }
        figures.add(results)
        try file.withFile { file in
            figures.operations.merge(file.operations, uniquingKeysWith: +)
            figures.compared += file.compared
            file.remove()
        }
    }

    private func run(
        _ path: String, isQuiet: Bool, _ random: inout Xorshift, moved: (Int64) -> Void = { _ in }
    ) throws -> SlicedRun {
        let available = ByteCount(try FileSystem(at: disk.xfs.path).space.available)
        var run = SlicedRun(
            path, policy: RandomPolicy.make(free: available, &random), blockSize: disk.blockSize,
            isQuiet: isQuiet, &random)
        try run.perform(&random, makeRoom: { try disk.makeRoom() }, moved: moved)
        return run
    }

    private func run(
        with interferer: Interferer, _ path: String, _ random: inout Xorshift
    ) throws -> [SlicedRun] {
        var runs: [SlicedRun] = []
        interferer.start(Operation.mixture(&random), seed: random.next())
        do {
            for _ in 0..<Self.passes where runs.isEmpty || interferer.operations < Self.operations {
                runs.append(try run(path, isQuiet: false, &random) { interferer.move(to: $0) })
            }
        } catch {
            // What the interferer has read says more.
            try interferer.stop()
            throw error
        }
        try interferer.stop()
        return runs
    }

    /// For a file without other users: space is used only for what is no longer shared.
    private func compareSpace(_ results: [DefragResult], free: Int64) throws {
        guard !WholeFolios.areWritten else { return }
        try disk.makeRoom()
        try disk.xfs.dropPreallocation()
        let lost = try free - disk.xfs.freeBytes()
        let unshared = results.reduce(0) { $0 + $1.bytes.unshared.rawValue }
        try Inspection.promise(
            lost <= unshared + RandomDisk.ownBooks,
            "\(lost) bytes are gone, of which \(unshared) were unshared")
    }
}
