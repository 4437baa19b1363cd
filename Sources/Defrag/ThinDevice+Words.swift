import DefragTypes
public import XFS

extension ThinDevice {
    /// What a run on a file system there means, and what to do.
    public var words: String {
        let place =
            switch self {
            case .sparseFile(let path): "the file system lies in the sparse file '\(path)'"
            case .thinVolume: "the file system lies on a thin volume"
            case .snapshotOrigin: "the file system lies on a volume of which there is a snapshot"
            case .snapshot: "the file system lies on a snapshot"
            case .thinDisk: "the file system lies on a thin disk"
            }
        let remedy =
            switch self {
            case .sparseFile, .thinVolume, .thinDisk:
                ", and it gets back what is released by discards only: run fstrim, and do not count on minFree"
            case .snapshotOrigin, .snapshot:
                ": remove the snapshot first, or see that its space is enough, as minFree does not"
            }
        return place + ", which grows by what is rewritten" + remedy
    }

    /// It as a note of a run.
    var note: DefragResult.Note { .init(.thinDevice, words) }
}
