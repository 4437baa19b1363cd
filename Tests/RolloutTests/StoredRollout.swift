import Contract
import DefragTypes
import Foundation

@testable import Rollout

/// What a store has of a rollout: what it was told to store, and nothing else.
struct StoredRollout {
    private let id: String
    private var state: Rollout.State
    private(set) var hosts: [Rollout.StoredHost]
    private var targets: [Rollout.StoredTarget] = []

    init(_ fresh: Rollout) {
        id = fresh.id
        state = fresh.state
        hosts = fresh.hosts.map { .init(name: $0.name, state: $0.state) }
    }

    /// Takes in what `rollout` has decided.
    mutating func take(_ actions: [Rollout.Action], of rollout: inout Rollout) {
        let changes = rollout.takeChanges()
        if changes.isStateChanged { state = rollout.state }
        for place in changes.hosts { hosts[place].state = rollout.hosts[place].state }
        for action in actions {
            switch action {
            case .keepPage(let name, let page):
                hosts[place(of: name)].pages.removeAll { $0.page == page.page }
                hosts[place(of: name)].pages.append(page)
            case .forgetPages(let name): hosts[place(of: name)].pages = []
            default: break
            }
        }
        for case .add(let first, let host, let files) in actions {
            precondition(first == targets.count, "targets have consecutive numbers")
            targets += files.map {
                .init(
                    host: host, fileSystem: $0.fileSystem, size: $0.size, gain: $0.gainSeconds,
                    state: .pending, cursor: .zero, unshared: .zero, slices: 0, fruitless: 0)
            }
        }
        for number in changes.targets {
            let target = rollout.targets[number]
            targets[number].state = target.state
            targets[number].cursor = target.cursor
            targets[number].unshared = target.unshared
            targets[number].budgetLeft = target.budgetLeft
            targets[number].slices = target.slices
            targets[number].fruitless = target.fruitless
        }
    }

    private func place(of name: HostName) -> Int { hosts.firstIndex { $0.name == name } ?? 0 }

    /// The rollout as a new process restores it.
    func restored(at now: Date) throws -> Rollout {
        func again<Value: Codable>(_ value: Value) throws -> Value {
            try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
        }
        return Rollout(
            id: id, state: try again(state),
            hosts: try hosts.map {
                .init(name: $0.name, state: try again($0.state), pages: try again($0.pages))
            }, targets: targets, epoch: String(Int(now.timeIntervalSince1970), radix: 36), at: now)
    }
}
