import Contract
import DefragTypes
import Foundation

/// A file that does not exist: everything about it follows from its path.
struct SimulatedFile: Sendable {
    let path: String
    let size = ByteCount.gibibytes(1)
    let extents = 50_000

    init(path: String) {
        self.path = path
    }

    init(number: Int) {
        path = "/srv/vm/image-\(number).img"
    }

    private var number: Int { Int(path.filter(\.isNumber)) ?? 0 }

    /// The file systems of a host.
    static func fileSystems(of host: HostName) -> [String] { (0..<2).map { "fs-\(host)-\($0)" } }

    /// Bytes a second at which it is defragmented, where one takes `time` on average.
    func rate(_ time: Duration) -> Double {
        Double(size.rawValue) / (time / .seconds(1)) / Double.random(in: 0.5...1.5)
    }

    /// What a survey says of it.
    func survey(on host: HostName) -> FileSurvey {
        var statistics = ExtentStatistics()
        for _ in 0..<100 { statistics.count(extentOf: 4096) }
        return FileSurvey(
            path: path, inode: UInt64(number + 100),
            fileSystem: Self.fileSystems(of: host)[number % 2], size: size, statistics: statistics,
            estimatedReflinkSeconds: 1, gainSeconds: Double.random(in: 0.1...2))
    }
}
