/// A picture of how a file is laid out on disk: its bytes in cells of equal size, in order.
public struct FileMap: Codable, Hashable, Sendable {
    /// Bytes of a cell: blocks times a power of two. The last cell ends with the file.
    public var cellSize: ByteCount
    /// Bytes that are allocated beyond the file's end.
    public var beyondEnd: ByteCount
    /// The cells, the first at offset 0; none for an empty file.
    public var cells: [Cell]

    /// One part of the file. Written, unwritten, delayed and hole add up to its length.
    public struct Cell: Codable, Hashable, Sendable {
        /// Where it starts.
        public var offset: ByteCount
        /// Its length.
        public var length: ByteCount
        /// Extents that start in it: over all cells, each extent of the file once.
        public var extents: Int
        /// Mean size of the extents in it, each counted by its whole length, weighted by its bytes here: a cell
        /// in the middle of one large extent has that extent's size. Zero where nothing is allocated.
        public var averageExtent: ByteCount
        /// Size of the largest extent that has a part here.
        public var largestExtent: ByteCount
        /// Bytes of data.
        public var written: ByteCount
        /// Of these, bytes that other files share.
        public var shared: ByteCount
        /// Bytes of preallocation: they read as zeros.
        public var unwritten: ByteCount
        /// Bytes of data that have no place on the device yet.
        public var delayed: ByteCount
        /// Bytes that have no place at all: they read as zeros.
        public var hole: ByteCount

        /// A cell that is all hole.
        public init(offset: ByteCount, length: ByteCount) {
            self.offset = offset
            self.length = length
            extents = 0
            averageExtent = .zero
            largestExtent = .zero
            written = .zero
            shared = .zero
            unwritten = .zero
            delayed = .zero
            hole = length
        }
    }

    /// A map.
    public init(cellSize: ByteCount, beyondEnd: ByteCount = .zero, cells: [Cell]) {
        self.cellSize = cellSize
        self.beyondEnd = beyondEnd
        self.cells = cells
    }
}
