import Contracts
import Foundation
import Testing

@testable import LegalClock

@Suite struct SuspensionTests {
    private func gap(_ from: String, _ to: String?, _ policy: Suspension.Policy) throws -> Suspension {
        Suspension(from: try at(from), to: try to.map { try at($0) }, policy: policy)
    }

    @Test func subtractedHoursGoOnWhereTheyStopped() throws {
        let due = try calendar2021().due(
            received: at("2021-03-01 08:00"), limit: Limit(8, .hours),
            suspensions: [gap("2021-03-01 10:00", "2021-03-02 09:00", .subtract)])
        #expect(try due.due == at("2021-03-02 16:30"))
        #expect(due.days.map(\.seconds) == [7_200, 21_600])
    }

    @Test func subtractedDaysAreThoseInWhichTheClockStood() throws {
        let due = try calendar2021().due(
            received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays),
            suspensions: [gap("2021-03-03 10:00", "2021-03-08 14:00", .subtract)])
        #expect(try due.due == at("2021-03-10 17:00"))
        #expect(
            due.days.map(\.reason) == [
                .receipt, .counted, .suspended, .suspended, .suspended, .weeklyRest, .weeklyRest, .suspended, .counted,
                .counted,
            ])
    }

    @Test func aNightCostsNothing() throws {
        let due = try calendar2021().due(
            received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays),
            suspensions: [gap("2021-03-02 17:00", "2021-03-03 07:30", .subtract)])
        #expect(try due.due == at("2021-03-04 17:00"))
    }

    @Test func restartBeginsFromZero() throws {
        let calendar = try calendar2021()
        let due = try calendar.due(
            received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays),
            suspensions: [gap("2021-03-03 10:00", "2021-03-08 14:00", .restart)])
        #expect(try due.due == at("2021-03-11 17:00"))
        #expect(due.days.prefix(7).allSatisfy { $0.reason == .restarted })
        #expect(due.days[7].reason == .receipt)
        let hours = try calendar.due(
            received: at("2021-03-01 08:00"), limit: Limit(8, .hours),
            suspensions: [gap("2021-03-01 15:00", "2021-03-02 09:00", .restart)])
        #expect(try hours.due == at("2021-03-03 09:00"))
    }

    @Test func whatIsLateStaysLate() throws {
        for policy in Suspension.Policy.allCases {
            let due = try calendar2021().due(
                received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays),
                suspensions: [
                    gap("2021-03-04 17:00", "2021-03-20 14:00", policy), gap("2021-03-21 08:00", nil, policy),
                ])
            #expect(try due.due == at("2021-03-04 17:00"))
        }
    }

    @Test func theLedgerKeepsBothDates() throws {
        let calendar = try calendar2021()
        var clock = try Appointment(received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays), calendar: calendar)
        #expect(try clock.due == at("2021-03-04 17:00"))
        try clock.suspend(at: at("2021-03-03 10:00"), policy: .restart)
        #expect(clock.isStanding)
        #expect { try clock.suspend(at: at("2021-03-03 11:00"), policy: .subtract) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.standing"
        }
        let change = try clock.resume(at: at("2021-03-08 14:00"), calendar: calendar)
        #expect(try change.former == at("2021-03-04 17:00"))
        #expect(try change.new == at("2021-03-11 17:00"))
        #expect(clock.changes == [change])
        #expect { try clock.resume(at: at("2021-03-09 14:00"), calendar: calendar) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.not-standing"
        }
        #expect { try clock.suspend(at: at("2021-03-07 14:00"), policy: .subtract) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.suspension-order"
        }
    }

    @Test func oneNewAppointmentOnly() throws {
        let calendar = try calendar2021()
        var clock = try Appointment(received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays), calendar: calendar)
        let now = try at("2021-03-03 09:00")
        #expect { try clock.reappoint(to: at("2021-03-04 17:00"), at: now) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.not-later"
        }
        #expect { try clock.reappoint(to: at("2021-03-05 17:00"), at: at("2021-03-06 09:00")) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.not-later"
        }
        let change = try clock.reappoint(to: at("2021-03-09 17:00"), at: now)
        #expect(
            try change
                == DueChange(
                    at: now, cause: .reappointed, former: at("2021-03-04 17:00"), new: at("2021-03-09 17:00")))
        #expect { try clock.reappoint(to: at("2021-03-12 17:00"), at: now) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.reappointed-already"
        }
        #expect(try clock.due == at("2021-03-09 17:00"))
        #expect(clock.changes.count == 1)
    }

    @Test func aNewAppointmentMovesByTheDaysTheClockStood() throws {
        let calendar = try calendar2021()
        var clock = try Appointment(received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays), calendar: calendar)
        try clock.reappoint(to: at("2021-03-09 10:00"), at: at("2021-03-03 09:00"))
        try clock.suspend(at: at("2021-03-05 10:00"), policy: .restart)
        #expect { try clock.reappoint(to: at("2021-03-12 17:00"), at: at("2021-03-05 11:00")) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.reappointed-already"
        }
        try clock.resume(at: at("2021-03-08 14:00"), calendar: calendar)
        #expect(try clock.due == at("2021-03-11 10:00"))
        try clock.suspend(at: at("2021-03-11 10:00"), policy: .subtract)
        try clock.resume(at: at("2021-03-15 10:00"), calendar: calendar)
        #expect(try clock.due == at("2021-03-11 10:00"))
        #expect(clock.changes.map(\.cause) == [.reappointed, .resumed, .resumed])
    }

    /// A fee that was paid at the moment it was asked for.
    @Test func noTimeAtAllMovesNoNewAppointment() throws {
        let calendar = try calendar2021()
        var clock = try Appointment(received: at("2021-03-01 08:00"), limit: Limit(3, .workingDays), calendar: calendar)
        try clock.reappoint(to: at("2021-03-09 10:00"), at: at("2021-03-03 09:00"))
        try clock.suspend(at: at("2021-03-05 10:00"), policy: .subtract)
        #expect(try clock.resume(at: at("2021-03-05 10:00"), calendar: calendar).new == at("2021-03-09 10:00"))
    }
}
