import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("A survey that an operator has asked for") struct FleetSurveyTests {
    private let alpha = Samples.name("alpha")
    private let beta = Samples.name("beta")
    private var survey = FleetSurvey(
        id: "s",
        SurveyRequest(hosts: [Samples.name("alpha"), Samples.name("beta")], paths: ["/srv/*"], top: 20),
        at: Date(timeIntervalSince1970: 0))

    private mutating func page(_ number: Int, of task: String = "s-alpha", files: Int = 1) {
        survey.heard(
            alpha,
            .surveyPage(
                .init(
                    task: task, job: "s", page: number,
                    files: (0..<files).map { _ in
                        var file = Samples.file
                        file.path = "/srv/\(number)"
                        return file
                    })))
    }

    private mutating func end(pages: Int, of task: String = "s-alpha") {
        survey.heard(
            alpha,
            .surveyFinished(
                .init(task: task, job: "s", pages: pages, files: pages, matched: 9, problems: ["/x: gone"])))
    }

    @Test("is complete once all pages of all hosts are there, in whatever order, twice or not")
    mutating func pages() {
        page(1)
        page(1)
        end(pages: 2)
        page(0, of: "another")
        #expect(survey.view.hosts[0].state == .answering)
        page(0)
        #expect(survey.view.hosts[0].state == .finished)
        #expect(survey.view.hosts[0].matched == 9)
        #expect(!survey.view.isComplete)
        survey.cannotAnswer(beta, "does not answer")
        #expect(survey.view.isComplete)
        #expect(survey.view.hosts[0].files.map(\.path) == ["/srv/0", "/srv/1"])
        #expect(survey.view.hosts[1].message == "beta does not answer")
    }

    @Test("keeps no more files than a host has to tell: one that tells more has failed")
    mutating func bound() {
        for number in 0...2 { page(number, files: SurveyTask.mostFiles / 3) }
        #expect(survey.view.hosts[0].state == .answering)
        page(3, files: SurveyTask.mostFiles / 3)
        end(pages: 4)
        #expect(survey.view.hosts[0].state == .failed)
        #expect(
            survey.view.hosts[0].message == "alpha answers its survey with more than a survey can hold")
        survey.cannotAnswer(beta, "x")
        #expect(survey.view.isComplete)
    }

    @Test("fails by its own task, not by another of the same host")
    mutating func failure() {
        survey.failed(task: "rollout-0-1", alpha, "could not be sent a task")
        survey.failed(task: "s-alpha", beta, "could not be sent a task")
        #expect(survey.view.hosts.map(\.state) == [.asked, .asked])
        survey.failed(task: "s-alpha", alpha, "has no task queue")
        #expect(survey.view.hosts.map(\.state) == [.failed, .asked])
        end(pages: 0)
        #expect(survey.view.hosts[0].message == "alpha has no task queue")
    }
}

@Suite("Surveys that operators have asked for") struct SurveyRegistryTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let fleet = HostRegistry(Fleet(lostAfter: 60))

    private func request(_ hosts: String..., top: Int = 20) -> SurveyRequest {
        SurveyRequest(hosts: hosts.map(Samples.name), paths: ["/srv/*"], top: top)
    }

    private func end(_ task: String) -> HostEvent {
        .surveyFinished(.init(task: task, job: "s", pages: 0, files: 0, matched: 1, problems: []))
    }

    @Test("an answer counts for the survey whose task it names, of the host that it was asked of")
    func byTask() {
        var surveys = SurveyRegistry()
        let ids = (0..<2).map { _ in surveys.start(request("a", "b-a"), at: start).id }
        func states(_ number: Int) -> [SurveyStatus.State]? {
            surveys.view(ids[number], fleet, at: start)?.hosts.map(\.state)
        }
        surveys.heard(Samples.name("a"), end("\(ids[0])-a"))
        #expect(states(0) == [.finished, .asked])
        #expect(states(1) == [.asked, .asked])
        // What another host answers, or somebody else is asked.
        for task in ["\(ids[1])-b-a", ids[1], "", "-a", "r-0-1", "\(ids[1])-c"] {
            surveys.heard(Samples.name("a"), end(task))
            surveys.failed(task: task, Samples.name("a"), "x")
        }
        #expect(states(1) == [.asked, .asked])
        surveys.failed(task: "\(ids[1])-b-a", Samples.name("b-a"), "x")
        #expect(states(1) == [.asked, .failed])
    }

    @Test("the oldest make room, and go after an hour")
    func room() {
        var surveys = SurveyRegistry()
        let third = SurveyRequest.mostFiles / 3
        let ids = (0..<4).map { number in
            surveys.start(request("a", top: third), at: start + Double(number)).id
        }
        #expect(ids.map { surveys[$0] != nil } == [false, true, true, true])
        surveys.prune(at: start + 3601)
        #expect(ids.map { surveys[$0] != nil } == [false, false, true, true])
        let whole = surveys.start(request("a", top: SurveyRequest.mostFiles), at: start + 10).id
        #expect(ids.allSatisfy { surveys[$0] == nil })
        #expect(surveys[whole] != nil)
    }

    @Test("with thousands of them an event costs what it does with one", .timeLimit(.minutes(1)))
    func many() {
        var surveys = SurveyRegistry()
        let host = Samples.name("a")
        let ids = (0..<20_000).map { _ in surveys.start(request("a", top: 1), at: start).id }
        // 400 million looks, if each event looked at each survey.
        for id in ids { surveys.heard(host, end("\(id)-a")) }
        for id in ids { surveys.failed(task: "\(id)-a", host, "late") }
        #expect(ids.allSatisfy { surveys[$0]?.view.isComplete == true })
    }
}
