import ReflowAPI
import Synchronization

/// How the core is, for those who must not wait for it: it may stand still for as long as its database's disk does.
final class CoreHealth: Sendable {
    /// What the core's thread is at.
    enum Work: Hashable, Sendable {
        /// It works out what follows from something.
        case deciding
        /// It waits for the database.
        case storing
    }

    private struct State {
        var work: (Work, since: ContinuousClock.Instant)?
        var troubles: [Dependency: String] = [:]
        var warnings: [String] = []
    }

    private let state: Mutex<State>

    /// A core that has yet to find what it needs.
    init(missing: [Dependency: String] = [:]) {
        state = Mutex(State(troubles: missing))
    }

    /// Standing still for so long is told as the reason for not being ready.
    static let patience = Duration.seconds(2)
    /// After so long the process counts as not healthy.
    static let longestStandstill = Duration.seconds(10)

    // MARK: - Work

    /// Notes what the core's thread is at while `body` runs.
    func during<Value>(_ work: Work, _ body: () throws -> Value) rethrows -> Value {
        let outer = state.withLock { state in
            defer { state.work = (work, .now) }
            return state.work
        }
        // What is gone on with begins anew.
        defer { state.withLock { $0.work = outer.map { ($0.0, .now) } } }
        return try body()
    }

    /// That the core has been at the same for longer than a moment.
    struct Standstill: Hashable, Sendable {
        var work: Work
        var since: ContinuousClock.Instant
        var duration: Duration

        /// Whether it may still be no more than a long step.
        var isHealthy: Bool { duration <= CoreHealth.longestStandstill }

        /// What there is, as a sentence.
        var words: String {
            let seconds = duration.components.seconds
            return work == .storing
                ? "the disk with the coordinator's database has not answered for \(seconds) s"
                : "the coordinator has been at one step for \(seconds) s"
        }

        /// What to do about it.
        var advice: String {
            work == .storing
                ? "see what that disk is at, and ask again when it answers" : "ask again in a while"
        }
    }

    /// What the core has been at for longer than `patience`; `nil` if it gets on.
    func standstill(longerThan patience: Duration = CoreHealth.patience) -> Standstill? {
        guard let (work, since) = state.withLock(\.work) else { return nil }
        let duration = since.duration(to: .now)
        return duration > patience ? Standstill(work: work, since: since, duration: duration) : nil
    }

    // MARK: - Troubles

    /// Why `dependency` cannot be worked with; `nil` while it can.
    subscript(_ dependency: Dependency) -> String? {
        get { state.withLock { $0.troubles[dependency] } }
        set { state.withLock { $0.troubles[dependency] = newValue } }
    }

    /// What cannot be worked with now.
    var troubles: [Dependency: String] { state.withLock(\.troubles) }

    /// What is not as it should be, and keeps nothing from working.
    var warnings: [String] {
        get { state.withLock(\.warnings) }
        set { state.withLock { $0.warnings = newValue } }
    }

    /// Whether the core can work now. Never waits for it.
    var readiness: Readiness {
        let reasons = troubles.sorted { $0.key.rank < $1.key.rank }.map(\.value)
        // A broker that is away has the same words for each connection.
        let told = reasons.enumerated().filter { !reasons[..<$0.offset].contains($0.element) }.map(\.element)
        return Readiness(reasons: (standstill().map { [$0.words] } ?? []) + told, warnings: warnings)
    }
}
