import Contracts
import Foundation
import Testing

@testable import LegalClock

@Suite struct ExampleTests {
    @Test func threeWorkingDaysOverTet() throws {
        let due = try calendar2021().due(received: at("2021-02-09 10:00"), limit: Limit(3, .workingDays))
        #expect(try due.due == at("2021-02-19 17:00"))
        #expect(due.days.first?.reason == .receipt)
        #expect(due.days.filter { $0.reason == .holiday }.map(\.day.day) == [10, 11, 12, 13, 14, 15, 16])
        #expect(due.days.filter(\.isCounted).map(\.day.text) == ["2021-02-17", "2021-02-18", "2021-02-19"])
        #expect(due.days.count == 11)
        #expect(due.days[1].vietnamese == "thứ Tư 10/02/2021: nghỉ, không tính (Tết Nguyên đán)")
        #expect(due.days[1].english == "Wednesday 2021-02-10: day off, not counted (Lunar New Year)")
        #expect(due.days[10].vietnamese == "thứ Sáu 19/02/2021: tính")
    }

    @Test func afterThreeItGoesOverOnTheNextWorkingMorning() throws {
        let calendar = try calendar2021()
        #expect(try calendar.handOverDeadline(received: at("2021-02-09 16:00")) == at("2021-02-17 11:30"))
        #expect(try calendar.handOverDeadline(received: at("2021-02-09 15:00")) == at("2021-02-09 17:00"))
        #expect(try calendar.handOverDeadline(received: at("2021-02-09 15:00:01")) == at("2021-02-17 11:30"))
        #expect(try calendar.handOverDeadline(received: at("2021-02-09 06:00")) == at("2021-02-09 17:00"))
        #expect(try calendar.handOverDeadline(received: at("2021-02-13 09:00")) == at("2021-02-17 11:30"))
        for time in ["07:30", "14:59", "15:01", "16:59"] {
            let due = try calendar.due(received: at("2021-02-09 \(time)"), limit: Limit(3, .workingDays))
            #expect(try due.due == at("2021-02-19 17:00"))
        }
    }

    @Test func aSaturdayMorningOfficeHandsOverByNoonOrOnMonday() throws {
        let morning = [try WorkInterval(start: 450, end: 690)]
        let week = try WorkWeek(
            validFrom: Day("2021-01-01"), validTo: nil, hours: [.saturday: morning, .monday: morning],
            makeUpHours: morning)
        let calendar = try WorkCalendar(weeks: [week], specialDays: [])
        #expect(try calendar.handOverDeadline(received: at("2021-03-06 11:29")) == at("2021-03-06 11:30"))
        #expect(try calendar.handOverDeadline(received: at("2021-03-06 11:30")) == at("2021-03-08 11:30"))
    }

    @Test func eightWorkingHours() throws {
        let calendar = try calendar2021()
        func due(_ received: String) throws -> Date {
            try calendar.due(received: at(received), limit: .onlineAnswer).due
        }
        #expect(try due("2021-03-01 07:30") == at("2021-03-01 17:00"))
        #expect(try due("2021-03-01 10:00") == at("2021-03-02 10:00"))
        #expect(try due("2021-03-01 12:15") == at("2021-03-02 11:30"))
        #expect(try due("2021-03-05 22:00") == at("2021-03-08 17:00"))
        #expect(try due("2021-02-09 16:59:30") == at("2021-02-17 16:59:30"))
        #expect(try due("2021-02-09 17:00") == at("2021-02-17 17:00"))
    }

    @Test func hoursAreExplained() throws {
        let due = try calendar2021().due(received: at("2021-03-05 16:00"), limit: Limit(2, .hours))
        #expect(due.days.map(\.reason) == [.counted, .weeklyRest, .weeklyRest, .counted])
        #expect(due.days.map(\.seconds) == [3_600, 0, 0, 3_600])
        let late = try calendar2021().due(received: at("2021-03-05 18:00"), limit: Limit(1, .hours))
        #expect(late.days.map(\.reason) == [.afterHours, .weeklyRest, .weeklyRest, .counted])
    }

    @Test func calendarDaysMoveFromADayOfRest() throws {
        let calendar = try calendar2021()
        let due = try calendar.due(received: at("2021-02-05 08:00"), limit: Limit(7, .days))
        #expect(try due.due == at("2021-02-17 17:00"))
        #expect(due.days.count(where: \.isCounted) == 7)
        #expect(due.days[7].vietnamese == "thứ Sáu 12/02/2021: nghỉ, không tính (Tết Nguyên đán)")
        #expect(
            try calendar.due(received: at("2021-03-01 08:00"), limit: Limit(7, .days)).due == at("2021-03-08 17:00"))
    }

    @Test func monthsEndOnTheCorrespondingDay() throws {
        let calendar = try calendar2021()
        func due(_ received: String, _ months: Int) throws -> Date {
            try calendar.due(received: at(received), limit: Limit(months, .months)).due
        }
        #expect(try due("2021-03-15 09:00", 1) == at("2021-04-15 17:00"))
        #expect(try due("2021-03-31 09:00", 1) == at("2021-05-04 17:00"))
        #expect(try due("2021-01-31 09:00", 1) == at("2021-03-01 17:00"))
        #expect(try due("2021-05-31 09:00", 1) == at("2021-06-30 17:00"))
    }

    @Test func makeUpSaturdaysCount() throws {
        let due = try calendar2021().due(received: at("2024-04-26 09:00"), limit: Limit(3, .workingDays))
        #expect(try due.due == at("2024-05-04 17:00"))
        #expect(due.days.last?.reason == .makeUp)
        #expect(due.days.filter { $0.reason == .holiday }.count == 3)
    }

    @Test func dueMoments() throws {
        let calendar = try calendar2021()
        func due(_ received: String, _ policy: DeadlinePolicy) throws -> Date {
            try calendar.due(received: at(received), limit: Limit(1, .workingDays), policy: policy).due
        }
        let clock = DeadlinePolicy(dueMoment: .sameClockTime)
        #expect(try due("2021-03-01 10:20", clock) == at("2021-03-02 10:20"))
        #expect(try due("2021-03-01 12:00", clock) == at("2021-03-02 13:00"))
        #expect(try due("2021-03-01 11:30", clock) == at("2021-03-02 13:00"))
        #expect(try due("2021-03-01 06:00", clock) == at("2021-03-02 07:30"))
        #expect(try due("2021-03-01 19:00", clock) == at("2021-03-02 17:00"))
        let counting = DeadlinePolicy(countsDayOfReceipt: true)
        #expect(try due("2021-03-01 10:20", counting) == at("2021-03-01 17:00"))
        #expect(try due("2021-03-01 17:00", counting) == at("2021-03-02 17:00"))
    }

    @Test func aDateBeyondTheDecidedCalendarIsProvisional() throws {
        let calendar = try calendar2021(decidedThrough: Day("2021-12-31"))
        #expect(try !calendar.due(received: at("2021-12-01 09:00"), limit: Limit(10, .workingDays)).isProvisional)
        #expect(try calendar.due(received: at("2021-12-28 09:00"), limit: Limit(10, .workingDays)).isProvisional)
        #expect(try calendar2021().decidedThrough == Day("2024-12-31"))
    }

    @Test func apologyInTime() throws {
        #expect(try calendar2021().apologyDeadline(due: at("2021-02-17 17:00")) == at("2021-02-09 17:00"))
        #expect(try calendar2021().apologyDeadline(due: at("2021-03-03 10:00")) == at("2021-03-02 17:00"))
    }

    @Test func whatCannotBeCountedIsRefused() throws {
        let calendar = try calendar2021()
        #expect { try Limit(0, .days) } throws: { ($0 as? ClockRefusal)?.code == "legal-clock.amount" }
        #expect { try Limit(37, .months) } throws: { ($0 as? ClockRefusal)?.code == "legal-clock.amount" }
        #expect { try calendar.due(received: at("2020-12-31 09:00"), limit: .onlineAnswer) } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.no-week"
        }
        let open = Suspension(from: try at("2021-03-02 08:59"), to: nil, policy: .subtract)
        #expect {
            try calendar.due(received: at("2021-03-01 09:00"), limit: .onlineAnswer, suspensions: [open])
        } throws: {
            ($0 as? ClockRefusal)?.code == "legal-clock.standing"
        }
        let forever = Suspension(from: try at("2021-03-02 08:00"), to: try at("2099-01-01 00:00"), policy: .subtract)
        for unit in LimitUnit.allCases {
            for policy in Suspension.Policy.allCases {
                var far = forever
                far = Suspension(from: far.from, to: far.to, policy: policy)
                #expect {
                    try calendar.due(received: at("2021-03-01 09:00"), limit: Limit(9, unit), suspensions: [far])
                } throws: { ($0 as? ClockRefusal)?.code == "legal-clock.too-far" }
            }
        }
    }

    @Test func calendarsThatContradictThemselvesAreRefused() throws {
        let hours = [try WorkInterval(start: 450, end: 690)]
        let first = try WorkWeek(
            validFrom: Day("2021-01-01"), validTo: nil, hours: [.monday: hours], makeUpHours: hours)
        let second = try WorkWeek(
            validFrom: Day("2022-01-01"), validTo: nil, hours: [.monday: hours], makeUpHours: hours)
        #expect(throws: ClockRefusal.self) { try WorkCalendar(weeks: [first, second], specialDays: []) }
        let days = [
            try special("2021-05-01", "2021-05-03", "", ""), try special("2021-05-02", "2021-05-02", "", "", .makeUp),
        ]
        #expect(throws: ClockRefusal.self) { try WorkCalendar(weeks: [first], specialDays: days) }
        #expect(throws: ClockRefusal.self) { try special("2021-05-02", "2021-05-01", "", "") }
        #expect(throws: ClockRefusal.self) { try special("2021-05-02", "2022-05-01", "", "") }
        #expect(throws: ClockRefusal.self) { try WorkInterval(start: 600, end: 600) }
        #expect(throws: ClockRefusal.self) { try WorkInterval(start: 600, end: 1_441) }
        #expect(throws: ClockRefusal.self) {
            try WorkWeek(validFrom: .none, validTo: nil, hours: [:], makeUpHours: hours)
        }
        #expect(throws: ClockRefusal.self) {
            try WorkWeek(validFrom: .none, validTo: nil, hours: [.monday: hours + hours], makeUpHours: hours)
        }
    }

    @Test func hoursOfAnAgencyChangeFromADay() throws {
        let early = [try WorkInterval(start: 420, end: 660)]
        let late = [try WorkInterval(start: 480, end: 720)]
        let all = Weekday.allCases
        let weeks = [
            try WorkWeek(
                validFrom: Day("2021-06-01"), validTo: nil,
                hours: Dictionary(uniqueKeysWithValues: all.map { ($0, late) }),
                makeUpHours: late),
            try WorkWeek(
                validFrom: Day("2021-01-01"), validTo: Day("2021-05-31"),
                hours: Dictionary(uniqueKeysWithValues: all.map { ($0, early) }), makeUpHours: early),
        ]
        let calendar = try WorkCalendar(weeks: weeks, specialDays: [])
        let due = try calendar.due(received: at("2021-05-31 10:00"), limit: Limit(2, .hours))
        #expect(try due.due == at("2021-06-01 09:00"))
    }
}
