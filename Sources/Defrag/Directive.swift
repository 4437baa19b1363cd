public import DefragTypes

/// Whether a run continues, asked before each chunk and at least every 100 ms of a wait or a long search.
public enum Directive: Sendable {
    /// Continue, with this policy from now on.
    case proceed(Policy)
    /// Finish the window (make it durable, release the scratch space) and return with the cursor.
    case stop(Reason)
}

/// How far a run has come.
public struct DefragProgress: Hashable, Sendable {
    /// Where the run is in the file.
    public var offset: ByteCount
    /// Apparent size of the file.
    public var size: ByteCount
    /// Bytes rewritten so far; in a dry run, bytes that would be.
    public var rewritten: ByteCount
    /// Of these, bytes that were shared.
    public var unshared: ByteCount
    /// The last chunk's size.
    public var chunk: ByteCount
    /// The last chunk's longest lock.
    public var pause: Duration
    /// What the last read took that was waited for.
    public var wait: Duration
    /// Since the run's start.
    public var elapsed: Duration
    /// Whether it rests longer than its policy asks for, as even the smallest chunks lock the file for too long.
    public var isSlowed = false
}
