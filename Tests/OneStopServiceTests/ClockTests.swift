import Contracts
import Foundation
import LegalClock
import ServiceKit
import Testing

@testable import OneStopService

@Suite struct ClockTests {
    private func accepted(_ when: String, _ limit: TimeLimit) throws -> (Dossier, PromisedDate) {
        try AcceptDossier.decide(
            try dossier(.submitted), definition: try judicialRecord(limit: limit), calendar: try workCalendar(),
            now: try at(when))
    }

    @Test func threeWorkingDaysOverTet() throws {
        let (dossier, due) = try accepted("2021-02-09 10:00", TimeLimit(3, .workingDays))
        #expect(try dossier.dueAt == at("2021-02-19 17:00"))
        #expect(dossier.actBy == dossier.dueAt)
        #expect(try dossier.handOverBy == at("2021-02-09 17:00"))
        #expect((due.cause, due.former) == ("accepted", nil))
        let days = due.explanation.days
        #expect(days.map(\.day.day) == Array(9...19))
        #expect(days.filter(\.counted).map(\.day.day) == [17, 18, 19])
        #expect(days[1].vietnamese == "thứ Tư 10/02/2021: nghỉ, không tính (Tết Nguyên đán)")
        #expect(!due.explanation.provisional)
    }

    @Test func afterThreeTheHandOverMovesAndTheDueDateDoesNot() throws {
        let (dossier, _) = try accepted("2021-02-09 16:00", TimeLimit(3, .workingDays))
        #expect(try dossier.dueAt == at("2021-02-19 17:00"))
        #expect(try dossier.handOverBy == at("2021-02-17 11:30"))
    }

    @Test func aSubmissionIsAnsweredWithinEightWorkingHours() throws {
        let dossier = try submission().decide(
            procedure: try published(judicialRecord()), kind: .department, channel: .online, person: .new(),
            now: try at("2021-02-09 16:00"), calendar: try workCalendar())
        #expect(try dossier.actBy == at("2021-02-17 16:00"))
        #expect((dossier.status, dossier.version, dossier.dueAt) == (.submitted, 1, nil))
    }

    private func submission() -> Submission {
        var submission = Submission()
        (submission.procedure, submission.agency) = ("2.000488", Agencies.justice)
        (submission.subject, submission.name) = ("Xin cấp phiếu", "Nguyễn Thị Bích")
        return submission
    }

    @Test func onlyWhatTheProcedureReceivesIsSubmitted() throws {
        func code(_ procedure: Procedure?, _ kind: AgencyKind?) -> String? {
            refusal {
                _ = try submission().decide(
                    procedure: procedure, kind: kind, channel: .online, person: nil, now: try at("2021-03-01 09:00"),
                    calendar: try workCalendar())
            }
        }
        #expect(code(nil, .department) == "onestop.procedure-unknown")
        #expect(try code(published(judicialRecord()), nil) == "onestop.agency-does-not-receive")
        #expect(try code(published(judicialRecord()), .commune) == "onestop.agency-does-not-receive")
        #expect(try code(published(judicialRecord()), .department) == nil)
    }

    @Test func aSupplementStopsTheClockOnce() throws {
        for policy in SupplementClock.allCases {
            var definition = try judicialRecord()
            definition.supplementClock = policy
            let before = try dossier(.processing)
            #expect(try before.dueAt == at("2021-03-15 17:00"))
            let waiting = try RequestSupplement.decide(before, missing: "CMND", now: try at("2021-03-04 10:00"))
            #expect(waiting.status == .awaitingSupplement)
            #expect(waiting.resumeStatus == .processing)
            #expect(waiting.pauses == [Pause(from: try at("2021-03-04 10:00"), cause: .awaitingSupplement)])
            let (supplied, due) = try SupplyDossier.decide(
                waiting, definition: definition, calendar: try workCalendar(), now: try at("2021-03-09 14:00"))
            #expect(supplied.status == .processing)
            #expect(supplied.pauses.last?.until == (try at("2021-03-09 14:00")))
            // 4, 5, 8 and 9 March are not counted; or all begins anew on the 9th.
            let expected = try at(policy == .subtract ? "2021-03-19 17:00" : "2021-03-23 17:00")
            #expect(supplied.dueAt == expected)
            #expect(try supplied.formerDueAt == at("2021-03-15 17:00"))
            #expect(due?.explanation.days.isEmpty == false)
            let again = refusal {
                _ = try RequestSupplement.decide(supplied, missing: "x", now: try at("2021-03-10 10:00"))
            }
            #expect(again == "onestop.supplement-already-requested")
        }
    }

    @Test func aSupplementBeforeAcceptanceHasNoClockToStop() throws {
        let waiting = try RequestSupplement.decide(
            try dossier(.submitted), missing: "CMND", now: try at("2021-03-01 10:00"))
        #expect(waiting.pauses.isEmpty)
        let (supplied, due) = try SupplyDossier.decide(
            waiting, definition: try judicialRecord(), calendar: try workCalendar(), now: try at("2021-03-09 14:00"))
        #expect((supplied.status, supplied.dueAt) == (.submitted, nil))
        #expect(due == nil)
        #expect(try supplied.actBy == at("2021-03-10 14:00"))
    }

    @Test func paymentStopsAndResumesTheClock() throws {
        let definition = try judicialRecord()
        let (waiting, fee) = try #require(
            try RequirePayment.decide(
                try dossier(.processing), .init(), definition: definition, demand: .new(),
                now: try at("2021-03-02 10:00")
            ).first)
        #expect(try fee.amount == Money(200_000))
        #expect((waiting.status, waiting.payment.kind) == (.awaitingPayment, "phi-lltp"))
        #expect(waiting.pauses.last?.until == nil)
        var paid = FeePaid()
        (paid.demand, paid.amount, paid.receiptNumber) = (try #require(fee.demand), fee.amount, "0000001")
        paid.paidAt = try at("2021-03-03 15:00")
        let (resumed, due) = try OnFeePaid.decide(
            waiting, paid, definition: definition, calendar: try workCalendar(), now: try at("2021-03-03 15:00"))
        #expect((resumed.status, resumed.payment.receipt) == (.processing, "0000001"))
        #expect(try resumed.dueAt == at("2021-03-17 17:00"))
        #expect(due?.former == waiting.dueAt)
        #expect(
            refusal {
                _ = try RequirePayment.decide(
                    resumed, .init(), definition: definition, demand: .new(), now: paid.paidAt)
            } == "onestop.already-paid")
        // Budget's clock may stand before ours or after it: the pause neither ends before it began nor later than now.
        for odd in ["2021-03-01 08:00", "2021-12-01 08:00"] {
            paid.paidAt = try at(odd)
            let (dossier, _) = try OnFeePaid.decide(
                waiting, paid, definition: definition, calendar: try workCalendar(), now: try at("2021-03-03 15:00"))
            let until = try #require(dossier.pauses.last?.until)
            #expect(until >= waiting.pauses[0].from)
            #expect(try until <= at("2021-03-03 15:00"))
        }
    }

    @Test func aRefusedDemandLetsWorkGoOnWithTheFeeOpen() throws {
        let waiting = try dossier(.awaitingPayment)
        var refused = FeeRefused()
        refused.demand = try #require(waiting.payment.demand)
        let (dossier, due) = try OnFeeRefused.decide(
            waiting, refused, definition: try judicialRecord(), calendar: try workCalendar(),
            now: try at("2021-03-05 10:00"))
        #expect((dossier.status, dossier.payment.demand, dossier.payment.paidAt) == (.processing, nil, nil))
        #expect(due != nil)
        #expect(
            refusal {
                _ = try Approve.decide(
                    dossier, definition: try judicialRecord(), openOpinions: 0, leader: .new(),
                    now: try at("2021-03-05 10:00"))
            } == "onestop.fees-open")
    }

    @Test func oneNewAppointmentAtTheLatestOneWorkingDayBefore() throws {
        let calendar = try workCalendar()
        // Due Monday 15 March: until the end of Friday the 12th.
        func code(_ now: String, _ day: String) throws -> String? {
            var copy = try dossier(.processing)
            return refusal { _ = try copy.reappoint(on: Day(day), note: "", at: at(now), calendar: calendar) }
        }
        #expect(try code("2021-03-12 17:00", "2021-03-18") == nil)
        #expect(try code("2021-03-12 17:01", "2021-03-18") == "onestop.apology-too-late")
        #expect(try code("2021-03-15 08:00", "2021-03-18") == "onestop.apology-too-late")
        #expect(try code("2021-03-11 08:00", "2021-03-15") == "onestop.not-later")
        #expect(try code("2021-03-11 08:00", "2021-03-20") == "onestop.not-a-working-day")
        #expect(try code("2021-03-11 08:00", "2041-03-20") == "onestop.too-far-off")
        var once = try dossier(.processing)
        let due = try once.reappoint(
            on: try Day("2021-03-18"), note: "Chờ xác minh", at: try at("2021-03-11 08:00"), calendar: calendar)
        #expect(try due.at == at("2021-03-18 17:00"))
        #expect(try once.formerDueAt == at("2021-03-15 17:00"))
        #expect(due.explanation.note == "Chờ xác minh")
        #expect(
            refusal {
                _ = try once.reappoint(
                    on: Day("2021-03-25"), note: "", at: at("2021-03-15 08:00"), calendar: calendar)
            } == "onestop.already-reappointed")
    }

    @Test func afterANewAppointmentAPauseMovesThatDate() throws {
        var late = try dossier(.processing)
        _ = try late.reappoint(
            on: try Day("2021-03-18"), note: "", at: try at("2021-03-11 08:00"), calendar: try workCalendar())
        let waiting = try RequestSupplement.decide(late, missing: "x", now: try at("2021-03-16 10:00"))
        let (supplied, due) = try SupplyDossier.decide(
            waiting, definition: try judicialRecord(), calendar: try workCalendar(), now: try at("2021-03-17 09:00"))
        #expect(try supplied.dueAt == at("2021-03-22 17:00"))
        #expect(try due?.former == at("2021-03-18 17:00"))
    }

    @Test func `os-086: a new appointment that a pause moves has the days that make it`() throws {
        let calendar = try workCalendar()
        // Promised, since when and until when it stood; when it is due then, and how many of the days count.
        for (promised, from, until, due, counted) in [
            ("2021-03-18", "2021-03-16 10:00", "2021-03-17 09:00", "2021-03-22", 3),
            ("2021-03-18", "2021-03-18 10:00", "2021-03-25 09:00", "2021-03-26", 1),
            ("2021-03-18", "2021-03-12 18:00", "2021-03-15 07:00", "2021-03-18", 5),
            ("2021-04-29", "2021-04-28 10:00", "2021-04-28 16:00", "2021-05-04", 2),
        ] {
            var file = try dossier(.processing)
            _ = try file.reappoint(
                on: try Day(promised), note: "", at: try at("2021-03-11 08:00"), calendar: calendar)
            file.pauses = [Pause(from: try at(from), cause: .awaitingSupplement)]
            let moved = try #require(
                try file.resumeClock(at: at(until), definition: judicialRecord(), calendar: calendar))
            #expect(try moved.at == at("\(due) 17:00"), "\(from)")
            let days = moved.explanation.days
            #expect(try days.first?.day == Day(at(from)) && days.last?.day == Day(due), "\(from)")
            #expect(days.last?.counted == true && days.count(where: \.counted) == counted, "\(from)")
            #expect(zip(days, days.dropFirst()).allSatisfy { $0.day.next == $1.day })
            #expect(days.allSatisfy { $0.reason != DayReason.receipt.rawValue })
        }
    }

    @Test func finishingKnowsWhetherItIsLate() throws {
        for (now, late) in [("2021-03-15 17:00", false), ("2021-03-15 17:01", true)] {
            var copy = try dossier(.processing)
            try copy.finish(at: try at(now))
            #expect((copy.status, copy.late) == (.finished, late))
        }
    }
}
