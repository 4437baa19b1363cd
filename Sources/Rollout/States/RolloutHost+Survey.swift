import Contract
import Foundation

extension RolloutHost {
    /// A survey that was requested.
    struct Survey: Codable, Hashable, Sendable {
        /// Part of its task's id: unique, also across restarts. 0 if none was requested.
        var number = 0
        /// How often it was requested.
        var tries = 0
        /// When it was requested, or the host last mentioned it.
        var since: Date?
        /// The end of the answer, while pages are missing.
        var end: SurveyFinished?

        init(number: Int = 0, tries: Int = 0, since: Date? = nil, end: SurveyFinished? = nil) {
            self.number = number
            self.tries = tries
            self.since = since
            self.end = end
        }

        init(from decoder: any Decoder) throws {
            let stored = try decoder.container(keyedBy: CodingKeys.self)
            try stored.read(.number, into: &number)
            try stored.read(.tries, into: &tries)
            try stored.read(.since, into: &since)
            try stored.read(.end, into: &end)
        }
    }
}
