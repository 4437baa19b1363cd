import Contract
import Foundation

/// Which processes speak under one host's name, by ``HostState/instance``.
///
/// A new instance is a restart: it supersedes the one before. If a superseded instance speaks again while its successor lives, the
/// two are different workers: the older one is the host, the other its twin. Workers before contract 1.2 count as one instance.
struct WorkerInstances: Hashable, Sendable {
    private struct Instance: Hashable {
        var id: String?
        var heard: Date
    }

    /// The one whose state is the host's; `nil` before the first state.
    private var current: Instance?
    /// The twin that lives; `nil` if there is none.
    private var twin: Instance?
    /// The latest instances that were superseded, and the latest that were twins.
    private var superseded: [String?] = []
    private var twins: [String?] = []

    /// How many of either are remembered.
    private static let memory = 8
    /// Seconds after which an instance that has said nothing does not live any more: workers speak every 10 s.
    private static let silence: TimeInterval = 60

    init(_ state: HostState?, at now: Date) {
        current = state.map { Instance(id: $0.instance, heard: now) }
    }

    var hasTwin: Bool { twin != nil }

    /// An instance has spoken. Returns whether its state is the host's.
    mutating func heard(_ state: HostState, at now: Date) -> Bool {
        let speaker = Instance(id: state.instance, heard: now)
        guard let before = current else {
            current = speaker
            return true
        }
        let isHostAlive = isAlive(before, at: now)
        switch speaker.id {
        case before.id:
            if let other = twin, !isAlive(other, at: now) { twin = nil }
        case let id where twins.contains(id) && isHostAlive:
            twin = speaker
            return false
        case let id where superseded.contains(id) && isHostAlive:
            twin = before
            Self.remember(before.id, in: &twins)
        default:
            if let other = twin, other.id == speaker.id || !isAlive(other, at: now) { twin = nil }
            Self.remember(before.id, in: &superseded)
        }
        current = speaker
        superseded.removeAll { $0 == speaker.id }
        twins.removeAll { $0 == speaker.id }
        return true
    }

    private func isAlive(_ instance: Instance, at now: Date) -> Bool {
        abs(now.timeIntervalSince(instance.heard)) < Self.silence
    }

    private static func remember(_ id: String?, in ids: inout [String?]) {
        ids.append(id)
        if ids.count > memory { ids.removeFirst() }
    }
}
