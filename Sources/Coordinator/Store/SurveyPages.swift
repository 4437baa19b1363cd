import Contract
import Foundation
import GRDB

/// Pages of surveys that are not complete yet.
extension WriteTransaction {
    /// Stores what becomes of the pages of a host's survey.
    func carryOut(_ change: RolloutDelta.PageChange, of rollout: Int64) throws {
        switch change {
        case .keep(let host, let page):
            try run(
                "INSERT OR REPLACE INTO surveyPage (rollout, host, page, content) VALUES (?, ?, ?, ?)",
                [rollout, host.description, page.page, try JSONColumn.text(page)])
        case .forget(let host):
            try run("DELETE FROM surveyPage WHERE rollout = ? AND host = ?", [rollout, host.description])
        }
    }
}

extension ReadTransaction {
    /// The pages that are kept of a rollout's surveys. One that cannot be read is missing: the survey is asked for again.
    func surveyPages(of rollout: Int64) throws -> [HostName: [SurveyPage]] {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT host, content FROM surveyPage WHERE rollout = ?", arguments: [rollout])
        var pages: [HostName: [SurveyPage]] = [:]
        while let row = try rows.next() {
            guard let host = HostName(row["host"] as String),
                let page: SurveyPage = try? JSONColumn.value(row["content"])
            else { continue }
            pages[host, default: []].append(page)
        }
        return pages
    }
}
