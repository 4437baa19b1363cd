import Dispatch

/// Runs `work`, which blocks, on a thread that is not one of Swift's own few.
func onThread<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "reflow.work").async { continuation.resume(returning: work()) }
    }
}
