import DefragTypes
import XFS

/// What a job may still unshare in a file, and what it has unshared, in bytes: one budget, however many slices the file
/// takes and however often one is delivered.
struct Budget: Hashable {
    var left: Int64
    var spent: Int64

    /// The budget of a slice.
    ///
    /// What was unshared by an attempt that was never answered is known to nobody but the record in the file. Anyone who may write
    /// to the file may have written that: it only makes a budget smaller.
    ///
    /// - Parameters:
    ///   - granted: what the task says is left; `nil` if it leaves that to the worker.
    ///   - known: what the slice before answered.
    ///   - record: what the file says of the same job.
    ///   - isFirst: whether it begins at the start of the file. Without state, it is otherwise of a coordinator before contract
    ///     1.2, which subtracts what was answered, and cannot say how much that is.
    ///   - usual: what is left if nothing else says so.
    init(
        granted: Int64?, known: SliceState?, record: JobRecord?, isFirst: Bool,
        usual: @autoclosure () throws -> Int64
    )
        rethrows
    {
        let answered = known?.unshared.rawValue ?? 0
        let recorded = record?.unshared ?? 0
        spent = max(answered, recorded)
        if let granted {
            left = max(0, granted - (known != nil || isFirst ? spent - answered : 0))
        } else {
            left = try known?.unshareBudgetLeft.rawValue ?? usual()
            if let record, recorded >= answered { left = min(left, record.left) }
        }
    }
}

extension Policy {
    /// What may be unshared in a file of a file system whose free space is `space`, where nobody has said it.
    func usualBudget(_ space: Space) -> Int64 {
        let floor = minFree.bytes(ofFileSystem: ByteCount(space.size)).rawValue
        return max(0, space.available - floor) / 4
    }
}
