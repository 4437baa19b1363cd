import Contract
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("what hosts say, on a terminal") struct PlainTextTests {
    private static let evil = "x\u{1B}[2J\nroot  rollout.cancel"

    @Test("neither in a table, nor in notes, nor in an event")
    func shown() {
        var target = Samples.target(number: 1)
        target.path = Self.evil
        var host = Samples.rolloutHost
        host.problems = [Self.evil]
        var plan = Samples.plan
        plan.hosts[1].problems = [Self.evil]
        var survey = Samples.survey
        survey.hosts[1].message = Self.evil
        var letter = Samples.deadLetter
        (letter.reason, letter.body) = (Self.evil, "{\u{1B}}")
        var event = Samples.event
        event.text = Self.evil
        let shown = [
            (Tables.targets([target]), Tables.targets([Samples.target(number: 1)])),
            (Tables.hosts([host]), Tables.hosts([Samples.rolloutHost])),
            (PlanText(plan: plan).text, PlanText(plan: Samples.plan).text),
            (SurveyText(survey: survey).text, SurveyText(survey: Samples.survey).text),
            (Tables.deadLetter(letter), Tables.deadLetter(Samples.deadLetter)),
            (Tables.event(event), Tables.event(Samples.event)),
        ]
        for (evil, usual) in shown {
            #expect(evil.contains("x�[2J�root  rollout.cancel"))
            #expect(evil.count { $0.isNewline } == usual.count { $0.isNewline }, "\(evil)")
        }
    }
}
