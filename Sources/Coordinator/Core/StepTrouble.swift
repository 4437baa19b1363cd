/// Why a step cannot be taken, where that is no input's fault.
enum StepTrouble: Error, CustomStringConvertible {
    /// What is stored cannot be read: there is no memory to take a step from.
    case unreadable(any Error)
    /// What a rollout has decided cannot be stored.
    case rollout(String, any Error)

    var description: String {
        switch self {
        case .unreadable(let cause): "what is stored cannot be read: \(cause)"
        case .rollout(_, let cause): "\(cause)"
        }
    }
}
