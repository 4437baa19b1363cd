import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// A survey of some hosts that an operator has asked for, without a rollout.
struct FleetSurvey: Sendable {
    let id: String
    let request: SurveyRequest
    private(set) var hosts: [HostName: SurveyStatus.Host]
    private var intakes: [HostName: SurveyIntake] = [:]
    /// When it was asked for.
    let asked: Date

    init(id: String, _ request: SurveyRequest, at now: Date) {
        self.id = id
        self.request = request
        asked = now
        hosts = Dictionary(request.hosts.map { ($0, .init(name: $0)) }) { first, _ in first }
    }

    /// Tasks whose answers are awaited, with their hosts.
    var tasksInFlight: [(host: HostName, task: String, isSurvey: Bool)] {
        hosts.keys.filter { !isEnded($0) }.map { ($0, task(of: $0), true) }
    }

    /// Id of the task of a host.
    func task(of host: HostName) -> String { "\(id)-\(host)" }

    /// The id of the survey whose task of `host` this is, if it is one of a survey.
    static func id(ofTask task: String, of host: HostName) -> String? {
        let end = "-\(host)"
        return task.hasSuffix(end) ? String(task.dropLast(end.count)) : nil
    }

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
            if case .tooMuch = intakes[host, default: .init()].take(page) {
                return cannotAnswer(host, SurveyIntake.excess)
            }
            hosts[host]?.state = .answering
        case .surveyFinished(let end) where end.task == task(of: host):
            intakes[host, default: .init()].take(end)
        default: return
        }
        guard let (end, files) = intakes[host]?.answer else { return }
        hosts[host] = .init(
            name: host, state: .finished, matched: end.matched, problems: end.problems, files: files,
            summary: end.summary)
        intakes[host] = nil
    }

    /// A task of a host came to nothing: why, as a sentence about the host. Tasks of others are no concern of this one.
    mutating func failed(task: String, _ host: HostName, _ why: String) {
        if task == self.task(of: host) { cannotAnswer(host, why) }
    }

    /// Nothing more is expected of a host: why, as a sentence about it.
    mutating func cannotAnswer(_ host: HostName, _ why: String) {
        guard hosts[host] != nil, !isEnded(host) else { return }
        hosts[host]?.state = .failed
        hosts[host]?.message = "\(host) \(why)"
        intakes[host] = nil
    }

    /// How far it is; files are told when all is there, as who waits asks again and again.
    var view: SurveyStatus {
        let isComplete = hosts.keys.allSatisfy(isEnded)
        var hosts = hosts.values.sorted { $0.name < $1.name }
        if !isComplete { for index in hosts.indices { hosts[index].files = [] } }
        return SurveyStatus(id: id, isComplete: isComplete, hosts: hosts)
    }

    private func isEnded(_ host: HostName) -> Bool {
        hosts[host]?.state == .finished || hosts[host]?.state == .failed
    }
}
