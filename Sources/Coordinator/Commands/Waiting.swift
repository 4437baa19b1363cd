import Foundation
import ReflowAPI

extension CoordinatorClient {
    /// Asks again and again for what is at `path`, until it is complete. What `missing` says is missing is shown on the
    /// terminal; `nil` for nothing. Without one it is told once, after 10 s.
    func wait<Answer: Decodable>(
        for path: String, missing: (Answer) -> String?
    ) async throws -> Answer {
        var screen = Redrawing()
        defer { screen.draw([]) }
        let since = ContinuousClock.now
        var isTold = screen.isTerminal
        while true {
            let answer: Answer = try await get(path)
            guard let missing = missing(answer) else { return answer }
            screen.draw([missing])
            if !isTold, since.duration(to: .now) > .seconds(10) {
                note("\(missing) so far, waiting for the others")
                isTold = true
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
