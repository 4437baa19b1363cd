import Defrag
import DefragTypes
import XFS

/// Which of the file systems that a survey has seen lie on devices that grow, each asked once.
struct ThinDevices: Sendable {
    private var seen: Set<UInt64> = []
    /// What there is to say.
    private(set) var found: [SurveySummary.ThinDevice] = []

    /// Notes where the file with `status` lies, on the file system with `uuid`.
    mutating func note(_ status: FileStatus, fileSystem uuid: String) {
        guard seen.insert(status.device).inserted,
            let device = ThinDevice.find(beneath: status.deviceName)
        else { return }
        found.append(.init(fileSystem: uuid, message: device.words))
    }
}
