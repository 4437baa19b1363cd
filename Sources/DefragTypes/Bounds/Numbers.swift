/// Extents and other things that are counted: as many as blocks of 4 KiB in ``ByteCount/mostCounted``. A million hosts
/// add up to less than `Int.max`.
public enum Count: NumberBound {
    public typealias Value = Int
    public static let range = 0...1 << 36
}

/// Sizes and offsets, holes included: sparse files can claim to be larger than any disk. None is added up as it is.
public enum Size: NumberBound {
    public typealias Value = ByteCount
    public static let range = ByteCount.zero...ByteCount(Int64(1) << 62)
}

/// The upper bound of a range of sizes, which may be none.
public enum SizeLimit: NumberBound {
    public typealias Value = ByteCount
    public static let range = ByteCount.zero...ByteCount(Int64.max)
}

/// Bytes that one file's slices have written.
public enum Written: NumberBound {
    public typealias Value = ByteCount
    public static let range = ByteCount.zero...ByteCount.mostCounted
}

/// Inode numbers: XFS has 63 bits of them at most, as JSON does here.
public enum Inode: NumberBound {
    public typealias Value = UInt64
    public static let range: ClosedRange<UInt64> = 0...UInt64(Int64.max)
}

/// A time in seconds: half a human's life. Gains can be negative.
public enum Seconds: NumberBound {
    public typealias Value = Double
    public static let range = -1e9...1e9
}

/// A time in milliseconds.
public enum Milliseconds: NumberBound {
    public typealias Value = Double
    public static let range = -1e9...1e9
}
