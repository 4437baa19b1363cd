import Contract
import DefragTypes
import Foundation
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

    @Test("keeps no more files than a host has to tell")
    mutating func bound() {
        for number in 0...3 { page(number, files: SurveyTask.mostFiles / 3) }
        end(pages: 4)
        #expect(survey.view.hosts[0].state == .answering)
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
