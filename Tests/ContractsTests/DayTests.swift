import Foundation
import Testing

@testable import Contracts

@Suite struct DayTests {
    private static let gregorian: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .vietnam
        return calendar
    }()

    @Test(arguments: ["2021-02-09", "2020-02-29", "1970-01-01", "1945-09-02", "0001-01-01", "9999-12-31"])
    func textComesBack(text: String) throws {
        #expect(try Day(text).text == text)
    }

    @Test(arguments: [
        "2021-02-29", "1900-02-29", "2021-13-01", "2021-00-10", "2021-04-31", "2021-01-00", "0000-01-01", "2021-2-9",
        "20210209", "2021/02/09", "2021-02-09 ", " 2021-02-9", "2021-02-0９", "", "-021-02-09", "2021-02-+9",
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: FieldFault.self) { try Day(text) }
    }

    @Test func agreesWithFoundationOnEveryDayOfFourCenturies() throws {
        var day = try Day("1800-01-01")
        let end = try Day("2201-01-01")
        var expected = (year: 1800, month: 1, day: 1)
        let first = Self.gregorian.dateComponents([.weekday], from: day.start).weekday ?? 0
        var weekday = first == 1 ? 7 : first - 1
        while day < end {
            #expect((day.year, day.month, day.day) == expected)
            #expect(day.weekday.rawValue == weekday)
            #expect(Day(year: day.year, month: day.month, day: day.day) == day)
            day = day.next
            weekday = weekday % 7 + 1
            expected.day += 1
            if Day(year: expected.year, month: expected.month, day: expected.day) == nil {
                expected = expected.month == 12 ? (expected.year + 1, 1, 1) : (expected.year, expected.month + 1, 1)
            }
        }
        #expect(day.number == 84_371)
    }

    @Test func agreesWithFoundationOnInstants() {
        var random = Seeded(1)
        for _ in 0..<5_000 {
            let instant = Date(timeIntervalSince1970: Double.random(in: -4e9...7e9, using: &random))
            let parts = Self.gregorian.dateComponents([.year, .month, .day], from: instant)
            let day = Day(instant)
            #expect((day.year, day.month, day.day) == (parts.year, parts.month, parts.day))
            #expect(day.start <= instant && instant < day.next.start)
        }
    }

    @Test func vietnamIsSevenHoursAhead() throws {
        let day = try Day("2021-02-09")
        #expect(day.start == Date(timeIntervalSince1970: 1_612_803_600))
        #expect(Day(day.start) == day)
        #expect(Day(day.start.addingTimeInterval(-0.001)) == day.previous)
        #expect(day.instant(minute: 600) == day.start.addingTimeInterval(36_000))
        #expect(TimeZone.vietnam.secondsFromGMT() == 25_200)
    }

    @Test func monthsEndOnTheCorrespondingDayElseTheLast() throws {
        #expect(try Day("2021-01-31").adding(months: 1) == Day("2021-02-28"))
        #expect(try Day("2020-01-31").adding(months: 1) == Day("2020-02-29"))
        #expect(try Day("2021-08-31").adding(months: 1) == Day("2021-09-30"))
        #expect(try Day("2021-11-15").adding(months: 3) == Day("2022-02-15"))
        #expect(try Day("2021-01-15").adding(months: -1) == Day("2020-12-15"))
        #expect(try Day("2021-03-31").adding(months: -13) == Day("2020-02-29"))
    }

    @Test func countingNeverOverflows() {
        let last = Day(number: .max)
        #expect(last + 1 == last)
        #expect(last + Int.max == last)
        #expect(Day.none - Int.max == Day(number: .min))
        #expect(Day.none - Int.min == last)
        #expect(Day(.distantFuture).year == 4001)
        #expect(Day(Date(timeIntervalSince1970: .infinity)) == last)
    }

    @Test func writtenAsOfficesWriteIt() throws {
        #expect(try Day("2021-02-09").vietnamese == "09/02/2021")
        #expect(try Day("2021-02-09").formal == "ngày 09 tháng 02 năm 2021")
        #expect(try Day("2021-03-09").formal == "ngày 09 tháng 3 năm 2021")
        #expect(try Day("2021-12-31").formal == "ngày 31 tháng 12 năm 2021")
        #expect(try Day("2021-02-09").weekday == .tuesday)
        #expect(Weekday.sunday.vietnamese == "Chủ nhật")
    }
}
