import Contracts
import Foundation
import LegalClock
import ServiceKit
import Testing

@testable import OneStopService

@Suite struct WayTests {
    private func fromTheCommune() throws -> Dossier {
        var copy = try dossier(.accepted)
        (copy.receivingAgency, copy.workingAgency) = (Agencies.commune, Agencies.commune)
        return copy
    }

    private func handedOver(_ before: Dossier, _ step: Step, _ officer: Official? = nil) throws -> Dossier {
        try HandOver.decide(
            before, to: step, agency: try HandOver.place(of: step, before), officer: officer,
            definition: try judicialRecord(), openOpinions: 0, calendar: try workCalendar(),
            now: try at("2021-03-02 09:00"))
    }

    @Test func aStepSaysWhereItIsDone() throws {
        let before = try fromTheCommune()
        #expect(try HandOver.place(of: step("a", .receiving, .officer), before) == Agencies.commune)
        #expect(try HandOver.place(of: step("a", .parent, .officer), before) == Agencies.district)
        var named = step("a", .named, .officer)
        named.agency = Agencies.police
        #expect(try HandOver.place(of: named, before) == Agencies.police)
        var away = before
        away.workingAgency = Agencies.police
        #expect(try HandOver.place(of: step("a", .working, .officer), away) == Agencies.police)
        away.receivingAgency = Agencies.code("H19")
        #expect(refusal { _ = try HandOver.place(of: step("a", .parent, .officer), away) } == "onestop.no-agency-above")
    }

    @Test func upAndBackAndHome() throws {
        let up = try handedOver(try fromTheCommune(), step("decide", .parent, .leader))
        #expect((up.workingAgency, up.sentFrom, up.status) == (Agencies.district, [Agencies.commune], .processing))
        let further = try SendDossier.decide(up, to: Agencies.police)
        #expect(further.sentFrom == [Agencies.commune, Agencies.district])
        #expect(further.agencies == [Agencies.commune, Agencies.district, Agencies.police])
        let back = try SendBack.decide(further)
        #expect((back.workingAgency, back.sentFrom) == (Agencies.district, [Agencies.commune]))
        let home = try SendBack.decide(back)
        #expect((home.workingAgency, home.sentFrom) == (Agencies.commune, []))
        #expect(refusal { _ = try SendBack.decide(home) } == "onestop.not-sent")
        #expect(refusal { _ = try SendDossier.decide(home, to: Agencies.commune) } == "onestop.same-agency")
        var done = further
        try done.finish(at: try at("2021-03-05 09:00"))
        #expect((done.workingAgency, done.sentFrom, done.answeringAgency) == (Agencies.commune, [], Agencies.police))
    }

    @Test func noDossierWandersForEver() throws {
        var copy = try dossier(.processing)
        for index in 1...Limits.OneStop.levels { try copy.go(to: Agencies.code("H19.31.\(10 + index)")) }
        #expect(refusal { try copy.go(to: Agencies.police) } == "onestop.sent-too-often")
        // The way back is always open.
        try copy.go(to: Agencies.justice)
        #expect((copy.workingAgency, copy.sentFrom) == (Agencies.justice, []))
    }

    @Test func whoTakesItMustHoldAFittingPostThere() throws {
        let officerStep = step("check", .receiving, .officer)
        let before = try dossier(.accepted)
        func code(_ official: Official) -> String? { refusal { _ = try handedOver(before, officerStep, official) } }
        #expect(code(official(.officer)) == nil)
        #expect(code(official(.leader)) == nil)
        #expect(code(official(.clerk)) == "onestop.officer-not-there")
        #expect(code(official(.officer, at: Agencies.district)) == "onestop.officer-not-there")
        #expect(code(official(.officer, fields: ["HT", "LLTP"])) == nil)
        #expect(code(official(.officer, fields: ["HT"])) == "onestop.officer-not-there")
        #expect(code(official(.leader, fields: ["HT"])) == "onestop.officer-not-there")
        let taken = try AssignDossier.decide(try dossier(.processing), officer: official(.officer), field: "LLTP")
        #expect(taken.officer != nil)
        func assign(_ official: Official?) throws -> String? {
            let before = taken
            return refusal { _ = try AssignDossier.decide(before, officer: official, field: "LLTP") }
        }
        #expect(try assign(nil) == "onestop.officer-not-there")
        #expect(try assign(official(.officer, fields: ["LLTP"])) == nil)
        #expect(try assign(official(.leader, fields: ["HT"])) == "onestop.officer-not-there")
        #expect(try assign(official(.clerk)) == "onestop.officer-not-there")
        #expect(try assign(official(.officer, at: Agencies.district)) == "onestop.officer-not-there")
        #expect(try assign(official(.officer, person: taken.officer ?? .new())) == "onestop.same-officer")
    }

    @Test func aStepIsLeftOnlyWhenItsGuardsPass() throws {
        let definition = try judicialRecord()
        var before = try dossier(.processing)
        before.step = "verify"
        func code(_ dossier: Dossier) -> String? { refusal { _ = try handedOver(dossier, definition.steps[2]) } }
        #expect(code(before) == "onestop.fees-open")
        before.payment.fees = [feeOf(200_000, .paid, at: try at("2021-03-02 09:00"))]
        #expect(code(before) == nil)
        #expect(
            refusal {
                _ = try Approve.decide(
                    before, definition: definition, openOpinions: 1, leader: .new(), now: try at("2021-03-02 09:00"))
            } == "onestop.opinions-open")
    }

    @Test func stepsFollowEachOther() throws {
        let definition = try judicialRecord()
        var copy = try dossier(.accepted)
        for expected in ["check", "verify", "sign"] {
            copy.step = try HandOver.target(copy, definition, asked: nil).key
            #expect(copy.step == expected)
        }
        let last = copy
        #expect(refusal { _ = try HandOver.target(last, definition, asked: nil) } == "onestop.step-unknown")
        #expect(refusal { _ = try HandOver.target(last, definition, asked: "none") } == "onestop.step-unknown")
        // Back, and once more to the same one.
        for known in ["check", "verify", "sign"] {
            #expect(try HandOver.target(last, definition, asked: known).key == known)
        }
        // Never past a step whose guards nobody has checked.
        var early = try dossier(.accepted)
        #expect(refusal { _ = try HandOver.target(early, definition, asked: "verify") } == "onestop.step-skipped")
        early.step = "check"
        #expect(refusal { _ = try HandOver.target(early, definition, asked: "sign") } == "onestop.step-skipped")
        #expect(try HandOver.target(early, definition, asked: "verify").key == "verify")
    }

    @Test func onlyTheAuthorityOfTheLastStepDecides() throws {
        var definition = try judicialRecord()
        definition.fees = []
        definition.steps = [
            step("review", .receiving, .officer), step("appraise", .parent, .officer),
            step("approve", .parent, .leader),
        ]
        var plain = definition
        plain.documentType = nil
        let now = try at("2021-03-02 09:00")
        func codes(_ step: String?, at agency: AgencyCode) throws -> [String?] {
            var before = try dossier(.processing)
            (before.receivingAgency, before.workingAgency, before.step) = (Agencies.commune, agency, step)
            let copy = before
            return [
                refusal {
                    _ = try Approve.decide(copy, definition: definition, openOpinions: 0, leader: .new(), now: now)
                },
                refusal {
                    _ = try FinishDossier.decide(copy, definition: plain, openOpinions: 0, leader: .new(), now: now)
                },
            ]
        }
        let refused = [String?](repeating: "onestop.not-at-last-step", count: 2)
        #expect(try codes(nil, at: Agencies.commune) == refused)
        #expect(try codes("review", at: Agencies.commune) == refused)
        #expect(try codes("appraise", at: Agencies.district) == refused)
        // At its last step, but sent on to somebody who does not decide.
        #expect(try codes("approve", at: Agencies.police) == refused)
        #expect(try codes("approve", at: Agencies.commune) == refused)
        #expect(try codes("approve", at: Agencies.district) == [nil, nil])
    }

    @Test func aProcedureWithADocumentIsNotFinishedByHand() throws {
        let definition = try judicialRecord()
        #expect(
            refusal {
                _ = try FinishDossier.decide(
                    try dossier(.processing), definition: definition, openOpinions: 0, leader: .new(),
                    now: try at("2021-03-02 09:00"))
            } == "onestop.document-awaited")
        var plain = definition
        (plain.documentType, plain.fees) = (nil, [])
        var last = try dossier(.processing)
        last.step = "sign"
        let finished = try FinishDossier.decide(
            last, definition: plain, openOpinions: 0, leader: .new(),
            now: try at("2021-03-02 09:00"))
        #expect(finished.status == .finished)
        #expect(
            refusal {
                _ = try Approve.decide(
                    try dossier(.processing), definition: plain, openOpinions: 0, leader: .new(),
                    now: try at("2021-03-02 09:00"))
            } == "onestop.nothing-to-issue")
    }

    @Test func opinionsHaveTheirOwnDeadline() throws {
        let before = try dossier(.processing)
        let calendar = try workCalendar(for: Agencies.police)
        let asked = try RequestOpinion.decide(
            before, .to(Agencies.police), known: [], calendar: calendar, now: try at("2021-03-02 09:00"))
        #expect(try asked.dueAt == at("2021-03-09 17:00"))
        #expect(asked.explanation.days.count(where: \.counted) == 5)
        func again(_ known: [Opinion], _ agency: AgencyCode) -> String? {
            refusal {
                _ = try RequestOpinion.decide(
                    before, .to(agency), known: known, calendar: calendar, now: try at("2021-03-02 09:00"))
            }
        }
        #expect(again([asked], Agencies.police) == "onestop.opinion-already-asked")
        #expect(again([asked], Agencies.district) == nil)
        #expect(again([], Agencies.justice) == "onestop.same-agency")
        let many = [Opinion](repeating: asked, count: Limits.OneStop.opinions)
        #expect(again(many, Agencies.district) == "onestop.too-many-opinions")
        var input = AnswerOpinion.Input()
        input.verdict = .disagree
        #expect(
            refusal { _ = try AnswerOpinion.decide(before, asked, input, now: try at("2021-03-09 17:00")) }
                == "onestop.reason-needed")
        input.answer = "Có án tích"
        for (now, late) in [("2021-03-09 17:00", false), ("2021-03-10 08:00", true)] {
            let answered = try AnswerOpinion.decide(before, asked, input, now: try at(now))
            #expect(answered.late == late)
            #expect(
                refusal { _ = try AnswerOpinion.decide(before, answered, input, now: try at(now)) }
                    == "onestop.opinion-answered")
        }
        for status in DossierStatus.allCases {
            let code = refusal {
                _ = try AnswerOpinion.decide(try dossier(status), asked, input, now: try at("2021-03-09 17:00"))
            }
            #expect(code == ([4, 5, 6, 7].contains(status.number) ? nil : "onestop.not-in-status"))
        }
    }

    @Test func whatPeopleAreToldNamesNobody() throws {
        let copy = try dossier(.processing)
        let now = try at("2021-03-02 09:00")
        let tellings: [Dossier.Telling] = [
            .accepted(due: now), .refused, .supplementRequested, .supplementSupplied(due: now),
            .paymentRequired(try Money(200_000)), .paid(due: nil), .paymentLifted(due: now), .feesExempted,
            .reappointed(former: now, due: now), .finished, .stopped, .returned, .withdrawalDeclined,
        ]
        for telling in tellings {
            let notice = copy.notice(telling)
            for text in [notice.vietnamese, notice.english] {
                #expect(text.contains("H19.06-210301-0001"))
                #expect(!text.contains("Bích") && !text.contains("0900000001") && !text.contains(copy.subject))
            }
        }
    }
}
