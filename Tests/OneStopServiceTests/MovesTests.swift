import Contracts
import Foundation
import ServiceKit
import Testing

@testable import OneStopService

@Suite struct MovesTests {
    /// The moves as the data sheet writes them, by number, apart from the table under test.
    static let sheet: Set<[Int]> = [
        [1, 2], [1, 3], [1, 5], [1, 7],
        [5, 1], [5, 2], [5, 4], [5, 7], [5, 8],
        [2, 4], [2, 5], [2, 6], [2, 7],
        [4, 5], [4, 6], [4, 7], [4, 8], [4, 9],
        [6, 4],
        [7, 8], [7, 1], [7, 2], [7, 4], [7, 5],
        [8, 10], [9, 10],
    ]

    @Test func exactlyTheMovesOfTheDecree() {
        for from in DossierStatus.allCases {
            for to in DossierStatus.allCases {
                let expected = MovesTests.sheet.contains([from.number, to.number])
                #expect(DossierMoves.isLawful(from, to) == expected, "\(from) to \(to)")
                var dossier = Dossier()
                dossier.status = from
                let code = refusal { try dossier.move(to: to) }
                #expect(code == (expected ? nil : "onestop.unlawful-move"))
                #expect(dossier.status == (expected ? to : from))
            }
        }
        #expect(DossierStatus.allCases.filter(\.isFinal).map(\.number) == [3, 10])
        #expect(DossierStatus.allCases.filter { DossierMoves.lawful[$0]?.isEmpty ?? true }.map(\.number) == [3, 10])
    }

    /// What each decision may be made in, status by status: everything else is refused and changes nothing.
    @Test(arguments: DossierStatus.allCases)
    func everyDecisionKnowsItsStatuses(status: DossierStatus) throws {
        let before = try dossier(status)
        let definition = try judicialRecord()
        let calendar = try workCalendar()
        let now = try at("2021-03-04 10:00")
        var noDocument = definition
        (noDocument.documentType, noDocument.approvalGuards) = (nil, [])
        var decisions: [(String, Set<Int>, () throws -> Void)] = []
        func may(_ name: String, _ statuses: Set<Int>, _ body: @escaping () throws -> Void) {
            decisions.append((name, statuses, body))
        }
        may("accept", [1]) {
            _ = try AcceptDossier.decide(before, definition: definition, calendar: calendar, now: now)
        }
        may("refuse", [1]) { _ = try RefuseDossier.decide(before, Reasoned()) }
        may("supplement", [1, 2, 4]) {
            var fresh = before
            fresh.supplementRequestedAt = nil
            _ = try RequestSupplement.decide(fresh, missing: "CMND", now: now)
        }
        may("supply", [5]) {
            _ = try SupplyDossier.decide(before, definition: definition, calendar: calendar, now: now)
        }
        may("payment", [2, 4, 6]) {
            var fresh = before
            fresh.payment.fees = []
            _ = try RequirePayment.decide(fresh, .init(), definition: definition, demand: .new(), now: now)
        }
        may("exempt", [2, 4, 6]) {
            _ = try ExemptFees.decide(before, .exempt, definition: definition, calendar: calendar, now: now)
        }
        may("hand over", [2, 4]) {
            _ = try HandOver.decide(
                before, to: definition.steps[0], agency: Agencies.justice, officer: nil, definition: definition,
                openOpinions: 0, calendar: calendar, now: now)
        }
        may("send", [2, 4]) { _ = try SendDossier.decide(before, to: Agencies.district) }
        may("opinion", [4]) {
            _ = try RequestOpinion.decide(before, .to(Agencies.police), known: [], calendar: calendar, now: now)
        }
        may("approve", [4]) {
            var paid = before
            (paid.payment.fees, paid.step) = ([feeOf(200_000, .paid, at: now)], "sign")
            _ = try Approve.decide(paid, definition: definition, openOpinions: 0, leader: .new(), now: now)
        }
        may("finish", [4]) {
            var last = before
            last.step = "sign"
            _ = try FinishDossier.decide(last, definition: noDocument, openOpinions: 0, leader: .new(), now: now)
        }
        may("stop", [4, 5]) { _ = try StopDossier.decide(before, Reasoned(), now: now) }
        may("return", [8, 9]) { _ = try ReturnResult.decide(before, definition: definition, now: now) }
        may("withdraw", [1, 2, 4, 5]) { _ = try WithdrawDossier.decide(before) }
        may("confirm", [7]) { _ = try ConfirmWithdrawal.decide(before, now: now) }
        may("decline", [7]) { _ = try DeclineWithdrawal.decide(before) }
        may("reappoint", [2, 4]) {
            var copy = before
            _ = try copy.reappoint(on: try Day("2021-03-22"), note: "", at: now, calendar: calendar)
        }
        may("assign", [2, 4, 5, 6, 7]) {
            _ = try AssignDossier.decide(before, officer: official(.officer), field: "LLTP")
        }
        for (name, statuses, body) in decisions {
            let code = refusal(body)
            if statuses.contains(status.number) {
                #expect(code == nil, "\(name) in \(status)")
            } else {
                let known = ["onestop.unlawful-move", "onestop.not-in-status", "onestop.withdrawal-waits"]
                #expect(known.contains(code ?? "nothing"), "\(name) in \(status) gave \(code ?? "nothing")")
            }
        }
    }

    @Test func aDossierIsNeverAcceptedTwice() throws {
        // 5 and 7 go back to 2 in the table; accepting is not how.
        for status in [DossierStatus.awaitingSupplement, .withdrawalRequested] {
            #expect(DossierMoves.isLawful(status, .accepted))
            #expect(refusal { try AcceptDossier.check(try dossier(status)) } == "onestop.unlawful-move")
        }
    }

    @Test func withdrawalGoesBackToWhereItCameFrom() throws {
        for status in [DossierStatus.submitted, .accepted, .processing, .awaitingSupplement] {
            let asked = try WithdrawDossier.decide(try dossier(status))
            #expect(asked.status == .withdrawalRequested)
            let declined = try DeclineWithdrawal.decide(asked)
            #expect(declined == (try withoutIdentity(declined, like: dossier(status))))
            let confirmed = try ConfirmWithdrawal.decide(asked, now: at("2021-03-08 09:00"))
            #expect(confirmed.status == .stopped)
            #expect(confirmed.reasonCode == "withdrawn")
            let returned = try ReturnResult.decide(
                confirmed, definition: judicialRecord(), now: at("2021-03-09 09:00"))
            #expect(returned.status == .returned)
        }
    }

    /// `sample` with the identities that every fresh fixture rolls anew.
    private func withoutIdentity(_ real: Dossier, like sample: Dossier) -> Dossier {
        var sample = sample
        (sample.id, sample.applicant.person) = (real.id, real.applicant.person)
        return sample
    }

    @Test func afterApprovalOnlyTheDocumentDecides() throws {
        var approved = try dossier(.processing)
        approved.approvedAt = try at("2021-03-04 10:00")
        let definition = try judicialRecord()
        let now = try at("2021-03-05 10:00")
        let calendar = try workCalendar()
        let expected = "onestop.already-approved"
        #expect(refusal { _ = try RequestSupplement.decide(approved, missing: "", now: now) } == expected)
        #expect(refusal { _ = try StopDossier.decide(approved, Reasoned(), now: now) } == expected)
        #expect(refusal { _ = try WithdrawDossier.decide(approved) } == expected)
        #expect(refusal { _ = try SendDossier.decide(approved, to: Agencies.district) } == expected)
        #expect(
            refusal {
                _ = try RequirePayment.decide(approved, .init(), definition: definition, demand: .new(), now: now)
            } == expected)
        #expect(
            refusal {
                _ = try ExemptFees.decide(approved, .exempt, definition: definition, calendar: calendar, now: now)
            } == expected)
        #expect(
            refusal {
                _ = try Approve.decide(approved, definition: definition, openOpinions: 0, leader: .new(), now: now)
            } == expected)
        #expect(
            refusal {
                _ = try RequestOpinion.decide(approved, .to(Agencies.police), known: [], calendar: calendar, now: now)
            } == expected)
        #expect(
            refusal {
                _ = try HandOver.decide(
                    approved, to: definition.steps[1], agency: Agencies.justice, officer: nil, definition: definition,
                    openOpinions: 0, calendar: calendar, now: now)
            } == expected)
    }
}

extension RequestOpinion.Input {
    static func to(_ agency: AgencyCode) -> RequestOpinion.Input {
        var input = RequestOpinion.Input()
        (input.toAgency, input.question, input.limit) = (agency, "Xác minh án tích", TimeLimit(5, .workingDays))
        return input
    }
}
