import Contract
import DefragTypes
import Dispatch
import Synchronization
import XFS

/// Size and free space of the XFS that tasks can name files on: that on which a root lies, and those that are mounted beneath
/// one. Each is asked on a thread of its own, as one that hangs (a frozen or dead device) must hold up nothing else; what it
/// said last counts meanwhile.
final class FileSystemFigures: Sendable {
    private struct State {
        /// The roots without symbolic links, as mounts are named.
        var resolved: [PathKey: String] = [:]
        var places: [(path: String, mount: Mount)] = []
        /// What was heard of a place.
        var known: [PathKey: HostState.FileSystem] = [:]
        /// What is being asked and has not answered.
        var asked: Set<PathKey> = []
    }

    private let roots: [String]
    private let state = Mutex(State())
    /// As many as a state may name.
    private static let most = 256

    init(roots: [String]) {
        self.roots = roots
    }

    /// What was last heard, each file system once.
    var latest: [HostState.FileSystem] {
        state.withLock { state in
            var devices: Set<String> = []
            let found = state.places.compactMap { place in
                state.known[PathKey(place.path)].flatMap {
                    devices.insert(place.mount.device).inserted ? $0 : nil
                }
            }
            return Array(found.prefix(Self.most))
        }
    }

    /// Asks all of them, and returns when they have answered, at the latest after twice `limit`.
    func refresh(within limit: Duration) async {
        await ask(roots, within: limit) { root in
            let path = resolved(root)
            self.state.withLock { $0.resolved[PathKey(root)] = path }
        }
        let mounts = (try? Mount.all()) ?? []
        let found = state.withLock { state in
            state.places = places(ofRoots: roots.map { state.resolved[PathKey($0)] ?? $0 }, mounts: mounts)
            return state.places
        }
        await ask(found.map(\.path), within: limit) { path in
            let fileSystem = try? XFS.FileSystem(at: path)
            let mountPoint = found.first { PathKey($0.path) == PathKey(path) }?.mount.path ?? path
            self.state.withLock { state in
                state.known[PathKey(path)] = fileSystem.map {
                    HostState.FileSystem(
                        uuid: $0.geometry.uuid, mountPoint: mountPoint, size: ByteCount($0.space.size),
                        free: ByteCount($0.space.available))
                }
            }
        }
    }

    /// Calls `question` with each of `subjects` that owes no answer, each on its own thread, and waits for at most `limit`.
    private func ask(
        _ subjects: [String], within limit: Duration, _ question: @escaping @Sendable (String) -> Void
    ) async {
        let group = DispatchGroup()
        for subject in Set(subjects.map(PathKey.init))
        where state.withLock({ $0.asked.insert(subject).inserted }) {
            DispatchQueue(label: "reflow.figures").async(group: group) {
                question(subject.path)
                self.state.withLock { _ = $0.asked.remove(subject) }
            }
        }
        await withCheckedContinuation { continuation in
            let box = Once { continuation.resume() }
            group.notify(queue: .global()) { box.run() }
            DispatchQueue.global().asyncAfter(deadline: .now() + limit.inSeconds) { box.run() }
        }
    }
}

/// Something that is done at the first call only.
private final class Once: Sendable {
    private let isDone = Atomic(false)
    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) {
        self.action = action
    }

    func run() {
        if !isDone.exchange(true, ordering: .relaxed) { action() }
    }
}
