import NIOCore
import Synchronization

/// The tokens that count now, and the connections on which each was shown.
final class TokenList: Sendable {
    private struct State {
        var tokens: [Access.Token]
        var connections: [ObjectIdentifier: (token: Access.Token, channel: any Channel)] = [:]
    }

    private let state: Mutex<State>

    init(_ tokens: [Access.Token]) {
        state = Mutex(State(tokens: tokens))
    }

    /// The token that is `presented` on `channel`; `nil` if there is none. If it is revoked, the connection ends.
    func admit(_ presented: String, on channel: any Channel) -> Access.Token? {
        let id = ObjectIdentifier(channel)
        let (token, isNew) = state.withLock { state -> (Access.Token?, Bool) in
            guard let token = Access.holder(of: presented, among: state.tokens) else { return (nil, false) }
            return (token, state.connections.updateValue((token, channel), forKey: id) == nil)
        }
        if isNew {
            channel.closeFuture.whenComplete { [weak self] _ in
                self?.state.withLock { _ = $0.connections.removeValue(forKey: id) }
            }
        }
        return token
    }

    /// From now on these count. Connections of those that do not any more, or have another role, are closed, streams too.
    ///
    /// - Returns: the names of those that were revoked or changed.
    @discardableResult
    func replace(with tokens: [Access.Token]) -> [String] {
        let kept = Set(tokens)
        let (revoked, channels) = state.withLock { state in
            defer { state.tokens = tokens }
            return (
                state.tokens.filter { !kept.contains($0) }.map(\.name),
                state.connections.values.filter { !kept.contains($0.token) }.map(\.channel)
            )
        }
        for channel in channels { channel.close(promise: nil) }
        return revoked
    }
}
