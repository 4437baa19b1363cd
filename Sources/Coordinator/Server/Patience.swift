import HTTPTypes
import Hummingbird
import NIOCore

/// Answers with 503 while the core stands still, which is looked at from beside it. Of what a client was told that it was not
/// done, nothing is done later; nor for a client that has gone meanwhile.
struct Patience: Sendable {
    let health: CoreHealth
    /// An answer that takes longer is given up. Clients wait for half a minute.
    var longest = Duration.seconds(20)
    /// How often the core is looked at meanwhile.
    var interval = Duration.milliseconds(250)

    /// What is answered instead of `route`.
    func answer(_ route: Route) -> @Sendable (Request, APIContext) async throws -> Response {
        // Those ask how the core is, and do not wait for it.
        guard !["/healthz", "/readyz"].contains(route.path) else { return route.answer }
        let isOrder = route.method != .get
        return { request, context in
            if let standstill = health.standstill() { throw refusal(of: isOrder ? Order() : nil, standstill) }
            var request = request
            // Two must not read it, and what is given up may still be at that.
            let body =
                try await isOrder ? request.collectBody(upTo: APIContext.mostBytes) : ByteBuffer()
            let order = Order(key: try request.orderKey(body))
            let (answers, answer) = AsyncStream.makeStream(of: Result<Response, any Error>.self)
            // Not child tasks: who waits for the core's thread cannot be cancelled.
            let work = Task { [request] in
                await Order.$current.withValue(order) {
                    do {
                        answer.yield(.success(try await route.answer(request, context)))
                    } catch {
                        answer.yield(.failure(error))
                    }
                }
            }
            let watch = Task {
                do {
                    let standstill = try await standstill()
                    answer.yield(.failure(refusal(of: isOrder ? order : nil, standstill)))
                } catch {}  // it was answered
            }
            defer {
                work.cancel()
                watch.cancel()
            }
            return try await withTaskCancellationHandler {
                for await answer in answers { return try answer.get() }
                throw CancellationError()
            } onCancel: {
                order.withdraw()
                answer.finish()
            }
        }
    }

    /// Returns once the core stands still, or, with `nil`, once an answer takes too long.
    private func standstill() async throws -> CoreHealth.Standstill? {
        let end = ContinuousClock.now + longest
        while ContinuousClock.now < end {
            try await Task.sleep(for: interval)
            if let standstill = health.standstill() { return standstill }
        }
        return nil
    }

    /// What is answered of an order, which is withdrawn if it still can be; of `nil`, that somebody wanted to know something.
    private func refusal(of order: Order?, _ standstill: CoreHealth.Standstill?) -> OperationError {
        let words =
            standstill?.words ?? "the coordinator has not come to it within \(longest.components.seconds) s"
        let advice = standstill?.advice ?? "ask again in a while"
        switch order?.withdraw() {
        case nil: return .stalled("\(words): \(advice)")
        case true?: return .stalled("\(words). Nothing was done: \(advice)")
        case false?:
            return .stalled(
                "\(words). What was asked for has begun, and goes on then: see what has come of it before you ask again"
            )
        }
    }
}

extension Request {
    /// What its client calls the order that it is; `nil` where it has no word for it.
    fileprivate func orderKey(_ body: ByteBuffer) throws -> OrderKey? {
        guard method == .post,
            let text = headers.first(where: { $0.name.canonicalName == "idempotency-key" })?.value
        else { return nil }
        let head = Array("\(method.rawValue) \(uri.string)\n".utf8)
        guard let key = OrderKey(text, of: head + body.readableBytesView) else {
            throw OperationError.invalid(
                "Idempotency-Key: 1 to \(OrderKey.longest) visible characters of ASCII, such as a UUID")
        }
        return key
    }
}
