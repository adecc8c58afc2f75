import Contracts
import Foundation

@testable import LegalClock

/// Working time Monday to Friday 07:30-11:30 and 13:00-17:00 and the calendar of 2021 around the holidays that the
/// examples need.
func calendar2021(decidedThrough: Day? = nil) throws -> WorkCalendar {
    let hours = [try WorkInterval(start: 450, end: 690), try WorkInterval(start: 780, end: 1_020)]
    let weekdays: [Weekday] = [.monday, .tuesday, .wednesday, .thursday, .friday]
    let week = try WorkWeek(
        validFrom: Day("2021-01-01"), validTo: nil,
        hours: Dictionary(uniqueKeysWithValues: weekdays.map { ($0, hours) }),
        makeUpHours: hours)
    return try WorkCalendar(
        weeks: [week],
        specialDays: [
            special("2021-01-01", "2021-01-01", "Tết Dương lịch", "New Year"),
            special("2021-02-10", "2021-02-16", "Tết Nguyên đán", "Lunar New Year"),
            special("2021-04-21", "2021-04-21", "Giỗ Tổ Hùng Vương", "Hung Kings"),
            special("2021-04-30", "2021-05-01", "Lễ 30/4 và 1/5", "30 April and 1 May"),
            special("2021-05-03", "2021-05-03", "Nghỉ bù", "Compensation"),
            special("2021-09-02", "2021-09-03", "Quốc khánh", "National Day"),
            special("2024-04-29", "2024-04-29", "Nghỉ hoán đổi", "Swapped day off"),
            special("2024-04-30", "2024-05-01", "Lễ 30/4 và 1/5", "30 April and 1 May"),
            special("2024-05-04", "2024-05-04", "Làm bù", "Make-up day", .makeUp),
        ], decidedThrough: decidedThrough)
}

func special(
    _ from: String, _ to: String, _ vietnamese: String, _ english: String, _ kind: SpecialDayKind = .off
) throws -> SpecialDays {
    try SpecialDays(validFrom: Day(from), validTo: Day(to), kind: kind, vietnamese: vietnamese, english: english)
}

/// `2021-02-09 16:30` or with seconds, on a clock in Vietnam.
func at(_ text: String) throws -> Date {
    let parts = text.split(separator: " ").map(String.init)
    let clock = parts[1].split(separator: ":").compactMap { Int($0) }
    return try Day(parts[0]).instant(minute: clock[0] * 60 + clock[1])
        .addingTimeInterval(Double(clock.count > 2 ? clock[2] : 0))
}
