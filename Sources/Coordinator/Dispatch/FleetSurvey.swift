import Contract
import DefragTypes
import Foundation

/// A survey of some hosts that an operator has asked for, without a rollout.
struct FleetSurvey: Sendable {
    let id: String
    let request: SurveyRequest
    private(set) var hosts: [HostName: SurveyView.Host]
    private var pages: [HostName: [Int: [FileSurvey]]] = [:]
    private var ends: [HostName: SurveyFinished] = [:]
    /// When it was asked for.
    let asked: Date

    init(id: String, _ request: SurveyRequest, at now: Date) {
        self.id = id
        self.request = request
        asked = now
        hosts = Dictionary(request.hosts.map { ($0, .init(name: $0)) }) { first, _ in first }
    }

    /// Id of the task of a host.
    func task(of host: HostName) -> String { "\(id)-\(host)" }

    /// What is asked of each host.
    var task: SurveyTask {
        SurveyTask(
            job: id, patterns: request.paths, minExtents: request.minExtents, minSize: request.minSize,
            top: request.top)
    }

    /// Something was heard of a host.
    mutating func heard(_ host: HostName, _ event: HostEvent) {
        guard hosts[host] != nil, !isEnded(host) else { return }
        switch event {
        case .surveyPage(let page) where page.task == task(of: host):
            pages[host, default: [:]][page.page] = page.files
            hosts[host]?.state = .answering
        case .surveyFinished(let end) where end.task == task(of: host):
            ends[host] = end
        default: return
        }
        guard let end = ends[host] else { return }
        let found = (0..<end.pages).compactMap { pages[host]?[$0] }
        guard found.count == end.pages else { return }
        hosts[host] = .init(
            name: host, state: .finished, matched: end.matched, problems: end.problems,
            files: found.flatMap(\.self), summary: end.summary)
        pages[host] = nil
    }

    /// A host cannot be asked.
    mutating func undeliverable(_ host: HostName, _ why: String) {
        guard hosts[host] != nil, !isEnded(host) else { return }
        hosts[host]?.state = .failed
        hosts[host]?.message = "\(host) \(why)"
    }

    /// How far it is.
    var view: SurveyView {
        SurveyView(
            id: id, isComplete: hosts.keys.allSatisfy(isEnded),
            hosts: hosts.values.sorted { $0.name < $1.name })
    }

    private func isEnded(_ host: HostName) -> Bool {
        hosts[host]?.state == .finished || hosts[host]?.state == .failed
    }
}
