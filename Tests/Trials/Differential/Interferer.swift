import Dispatch
import Support
import Synchronization

/// A thread that uses a file while it is defragmented: one operation after the other, each done to the model, too.
final class Interferer: Sendable {
    private let file: Mutex<ModelledFile>
    private let failure = Mutex<(any Error)?>(nil)
    private let isDone = Atomic(false)
    private let performed = Atomic(0)
    private let place = Atomic<Int64>(0)
    private let group = DispatchGroup()

    /// One that does nothing yet.
    init(_ file: consuming ModelledFile) {
        self.file = Mutex(file)
    }

    /// Operations that have returned.
    var operations: Int { performed.load(ordering: .relaxed) }

    /// Where the run is: half of what is done is done there.
    func move(to offset: Int64) { place.store(offset, ordering: .relaxed) }

    /// Starts operations of the kinds in `mixture`, which go on until ``stop()``.
    func start(_ mixture: [Operation], seed: UInt64) {
        isDone.store(false, ordering: .relaxed)
        let hasStarted = DispatchSemaphore(value: 0)
        DispatchQueue(label: "interferer").async(group: group) { [self] in
            hasStarted.signal()
            var random = Xorshift(seed: seed)
            do {
                // The file is this thread's until it ends.
                try file.withLock { file in
                    while !isDone.load(ordering: .relaxed) {
                        let operation = mixture.randomElement(using: &random) ?? .read
                        try file.perform(operation, near: place.load(ordering: .relaxed))
                        performed.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        hasStarted.wait()
    }

    /// Ends them.
    ///
    /// - Throws: ``Violation`` if something else was read than had been written.
    func stop() throws {
        isDone.store(true, ordering: .relaxed)
        group.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Observes the file, while it has no users.
    func withFile<Value: Sendable>(_ body: (inout ModelledFile) throws -> Value) throws -> Value {
        try file.withLock { try body(&$0) }
    }
}
