import Foundation

/// A calendar date without a time and without a zone, in the Gregorian calendar.
///
/// Kept as the number of days since 1970-01-01, so that comparing and counting are single instructions. As text it is
/// ISO 8601: `2021-02-09`.
public struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01, negative before.
    public let number: Int32

    /// 1970-01-01: what a field holds before it is decoded.
    public static let none = Day(number: 0)

    public init(number: Int32) { self.number = number }

    /// The date with this year, month 1...12 and day of the month, or nil when there is none.
    public init?(year: Int, month: Int, day: Int) {
        guard Limits.years.contains(year), (1...12).contains(month), day >= 1,
            day <= Day.daysIn(month: month, year: year)
        else { return nil }
        number = Day.number(year: year, month: month, day: day)
    }

    /// The date that a clock in Vietnam shows at this instant.
    public init(_ instant: Date) {
        let seconds = instant.timeIntervalSince1970 + Double(TimeZone.vietnamOffset)
        number = Int32(clamping: Int((seconds / 86_400).rounded(.down).clamped(to: -1e12...1e12)))
    }

    /// Reads `2021-02-09`: four, two and two digits.
    public init(_ text: String) throws(FieldFault) {
        let bytes = Array(text.utf8)
        let isShaped =
            bytes.count == 10
            && bytes.indices.allSatisfy { $0 == 4 || $0 == 7 ? bytes[$0] == 0x2D : (0x30...0x39).contains(bytes[$0]) }
        guard isShaped else {
            throw FieldFault(
                "day.shape", vi: "phải là ngày dạng năm-tháng-ngày, ví dụ 2021-02-09",
                en: "must be a date as year-month-day, e.g. 2021-02-09")
        }
        func value(_ range: Range<Int>) -> Int { range.reduce(0) { $0 * 10 + Int(bytes[$1]) - 0x30 } }
        guard let day = Day(year: value(0..<4), month: value(5..<7), day: value(8..<10)) else {
            throw FieldFault("day.unknown", vi: "ngày \(text) không có trong lịch", en: "there is no date \(text)")
        }
        self = day
    }

    public var year: Int { parts.year }
    public var month: Int { parts.month }
    /// Day of the month, from 1.
    public var day: Int { parts.day }

    public var weekday: Weekday { Weekday(rawValue: (Int(number) + 3).modulo(7) + 1) ?? .monday }

    /// ISO 8601: `2021-02-09`.
    public var text: String {
        let (year, month, day) = parts
        return "\(Day.padded(year, 4))-\(Day.padded(month, 2))-\(Day.padded(day, 2))"
    }

    /// As people write it in Vietnam: `09/02/2021`.
    public var vietnamese: String {
        let (year, month, day) = parts
        return "\(Day.padded(day, 2))/\(Day.padded(month, 2))/\(Day.padded(year, 4))"
    }

    /// As it stands on an official document (Decree 30/2020, Annex I): a leading zero for days below 10 and for
    /// January and February only: `ngày 09 tháng 02 năm 2021`, `ngày 09 tháng 3 năm 2021`.
    public var formal: String {
        let (year, month, day) = parts
        return "ngày \(Day.padded(day, 2)) tháng \(month <= 2 ? "0\(month)" : "\(month)") năm \(year)"
    }

    public var description: String { text }

    /// The instant at which the day begins in Vietnam.
    public var start: Date { instant(minute: 0) }

    /// The instant at which a clock in Vietnam shows `minute` minutes after midnight of this day.
    public func instant(minute: Int) -> Date {
        Date(timeIntervalSince1970: Double(number) * 86_400 + Double(minute * 60 - TimeZone.vietnamOffset))
    }

    public static func < (left: Day, right: Day) -> Bool { left.number < right.number }

    /// The day `days` later; stops at the last day that can be counted instead of overflowing.
    public static func + (day: Day, days: Int) -> Day {
        let (sum, overflow) = Int(day.number).addingReportingOverflow(days)
        return Day(number: overflow ? (days < 0 ? .min : .max) : Int32(clamping: sum))
    }

    public static func - (day: Day, days: Int) -> Day {
        let (difference, overflow) = Int(day.number).subtractingReportingOverflow(days)
        return Day(number: overflow ? (days < 0 ? .max : .min) : Int32(clamping: difference))
    }

    /// Days from `right` to `left`.
    public static func - (left: Day, right: Day) -> Int { Int(left.number) - Int(right.number) }

    public var next: Day { self + 1 }
    public var previous: Day { self - 1 }

    /// The same day of the month, `months` later; where that month has no such day, its last day
    /// (Civil Code 2015, Art. 148: a period in months ends on the corresponding day, else on the last of the month).
    public func adding(months: Int) -> Day {
        let (year, month, day) = parts
        let count = (year * 12 + month - 1) + months
        let target = (year: count.quotient(12), month: count.modulo(12) + 1)
        let last = Day.daysIn(month: target.month, year: target.year)
        return Day(number: Day.number(year: target.year, month: target.month, day: min(day, last)))
    }

    /// Number of days of a month.
    public static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    public static func isLeap(_ year: Int) -> Bool {
        year.modulo(4) == 0 && (year.modulo(100) != 0 || year.modulo(400) == 0)
    }
}

/// Days of the week by their ISO 8601 numbers.
public enum Weekday: Int, CaseIterable, Hashable, Comparable, Sendable {
    case monday = 1, tuesday, wednesday, thursday, friday, saturday, sunday

    public static func < (left: Weekday, right: Weekday) -> Bool { left.rawValue < right.rawValue }

    public var vietnamese: String {
        switch self {
        case .monday: "thứ Hai"
        case .tuesday: "thứ Ba"
        case .wednesday: "thứ Tư"
        case .thursday: "thứ Năm"
        case .friday: "thứ Sáu"
        case .saturday: "thứ Bảy"
        case .sunday: "Chủ nhật"
        }
    }

    public var english: String {
        switch self {
        case .monday: "Monday"
        case .tuesday: "Tuesday"
        case .wednesday: "Wednesday"
        case .thursday: "Thursday"
        case .friday: "Friday"
        case .saturday: "Saturday"
        case .sunday: "Sunday"
        }
    }
}

extension TimeZone {
    /// Seconds that Vietnam is ahead of UTC: always seven hours, no summer time.
    static let vietnamOffset = 7 * 3_600

    /// Asia/Ho_Chi_Minh, without needing the time zone files of the machine. Seven hours are below the 18 that
    /// Foundation allows, so the fallback is never taken.
    public static let vietnam = TimeZone(secondsFromGMT: vietnamOffset) ?? .gmt
}

// MARK: - Counting

extension Day {
    /// Days in 400 years, after which the calendar repeats.
    private static let daysPerCycle = 146_097

    private static func number(year: Int, month: Int, day: Int) -> Int32 {
        // Years begin in March here, so that the leap day is the last of its year.
        let shifted = month > 2 ? year : year - 1
        let cycle = shifted.quotient(400)
        let yearOfCycle = shifted.modulo(400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return Int32(clamping: cycle * daysPerCycle + dayOfCycle - 719_468)
    }

    var parts: (year: Int, month: Int, day: Int) {
        let days = Int(number) + 719_468
        let dayOfCycle = days.modulo(Day.daysPerCycle)
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = days.quotient(Day.daysPerCycle) * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension Int {
    /// Remainder that is never negative.
    fileprivate func modulo(_ divisor: Int) -> Int {
        let rest = self % divisor
        return rest < 0 ? rest + divisor : rest
    }

    /// Quotient rounded down.
    fileprivate func quotient(_ divisor: Int) -> Int { (self - modulo(divisor)) / divisor }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? 0 : min(max(self, range.lowerBound), range.upperBound)
    }
}
