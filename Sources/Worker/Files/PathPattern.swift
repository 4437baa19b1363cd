import DefragTypes

/// A pattern of paths: a ``NamePattern`` for each component, and `**` as a component for any number of folders, none included. A
/// name that begins with a dot is matched like any other.
///
/// It is the set of places at which a match may be after the components so far; ``advanced(by:)`` is the step.
struct PathPattern: Sendable {
    private enum Component: Sendable {
        case folders
        case name(NamePattern)

        var isFolders: Bool { if case .folders = self { true } else { false } }
    }

    private let components: [Component]
    /// Indices into `components` of what may come next; `components.count` is a complete match.
    private var states: Set<Int> = []

    /// The pattern `text`, relative to where a search begins.
    init(_ text: String) {
        components = text.pathComponents.map { $0 == "**" ? .folders : .name(NamePattern($0)) }
        states = closure([0])
    }

    /// What is left of the pattern in the folder, or for the file, called `name`.
    func advanced(by name: String) -> PathPattern {
        var next = self
        next.states = closure(
            Set(
                states.compactMap { state in
                    guard state < components.count else { return nil }
                    switch components[state] {
                    case .folders: return state
                    case .name(let pattern): return pattern.matches(name) ? state + 1 : nil
                    }
                }))
        return next
    }

    /// Whether `path`, relative to where a search begins, is a match.
    func matches(_ path: some StringProtocol) -> Bool {
        path.pathComponents.reduce(self) { $0.advanced(by: $1) }.isComplete
    }

    /// Whether anything can still match.
    var isAlive: Bool { !states.isEmpty }

    /// Whether the components so far are a match. (A pattern that ends in `**` means every file beneath.)
    var isComplete: Bool { states.contains(components.count) }

    /// Whether further components can match.
    var wantsMore: Bool { states.contains { $0 < components.count } }

    /// `**` stands for no folder at all, too.
    private func closure(_ states: Set<Int>) -> Set<Int> {
        var all = states
        for var state in states {
            while state < components.count, components[state].isFolders {
                state += 1
                all.insert(state)
            }
        }
        return all
    }
}
