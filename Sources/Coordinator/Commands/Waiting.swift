import Foundation
import ReflowAPI

extension CoordinatorClient {
    /// Asks again and again for what is at `path`, until it is complete. What `missing` says is missing is shown on the
    /// terminal; `nil` for nothing.
    func wait<Answer: Decodable>(
        for path: String, missing: (Answer) -> String?
    ) async throws -> Answer {
        var screen = Redrawing()
        defer { screen.draw([]) }
        while true {
            let answer: Answer = try await get(path)
            guard let missing = missing(answer) else { return answer }
            screen.draw([missing])
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
