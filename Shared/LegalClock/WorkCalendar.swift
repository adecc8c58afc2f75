import Contracts
import Foundation

/// A stretch of working time within a day, in minutes after midnight in Vietnam; the end does not belong to it.
public struct WorkInterval: Hashable, Sendable {
    public let start: Int
    public let end: Int

    /// - Throws: `legal-clock.calendar` unless 0 <= start < end <= 1440.
    public init(start: Int, end: Int) throws(ClockRefusal) {
        guard start >= 0, start < end, end <= 1_440 else {
            throw .calendar(vi: "giờ làm việc từ phút \(start) đến \(end)", en: "working time from \(start) to \(end)")
        }
        self.start = start
        self.end = end
    }
}

/// The weekly working hours of an agency, from one day to another, both included.
public struct WorkWeek: Hashable, Sendable {
    public let validFrom: Day
    /// The last day, or nil while it is not known.
    public let validTo: Day?
    /// In order of time. A weekday that is absent is weekly rest.
    public let hours: [Weekday: [WorkInterval]]
    /// The hours of a make-up working day (ngày làm bù).
    public let makeUpHours: [WorkInterval]

    /// - Throws: `legal-clock.calendar` when intervals of a day overlap or are out of order, when no weekday works, and
    ///   when a make-up day would have no hours.
    public init(
        validFrom: Day, validTo: Day?, hours: [Weekday: [WorkInterval]], makeUpHours: [WorkInterval]
    ) throws(ClockRefusal) {
        for intervals in Array(hours.values) + [makeUpHours] {
            guard zip(intervals, intervals.dropFirst()).allSatisfy({ $0.end <= $1.start }) else {
                throw .calendar(vi: "các buổi làm việc chồng lên nhau", en: "working intervals overlap")
            }
        }
        guard hours.values.contains(where: { !$0.isEmpty }), !makeUpHours.isEmpty else {
            throw .calendar(vi: "tuần không có giờ làm việc", en: "a week without working hours")
        }
        guard validTo.map({ validFrom <= $0 }) ?? true else {
            throw .calendar(vi: "ngày hết hiệu lực trước ngày hiệu lực", en: "the last day is before the first")
        }
        self.validFrom = validFrom
        self.validTo = validTo
        self.hours = hours
        self.makeUpHours = makeUpHours
    }

    func covers(_ day: Day) -> Bool { validFrom <= day && (validTo.map { day <= $0 } ?? true) }
}

/// What a row of the calendar says about its days.
public enum SpecialDayKind: String, CaseIterable, Sendable {
    /// Public holiday, compensation or day off by a swap (ngày nghỉ).
    case off
    /// Work on a day of weekly rest in exchange (ngày làm bù).
    case makeUp = "makeup"
}

/// One row of the yearly calendar: days that differ from the week, from one day to another, both included.
public struct SpecialDays: Hashable, Sendable {
    public let validFrom: Day
    public let validTo: Day
    public let kind: SpecialDayKind
    public let vietnamese: String
    public let english: String

    /// - Throws: `legal-clock.calendar` when it ends before it begins or is longer than `Limits.specialDays`.
    public init(
        validFrom: Day, validTo: Day, kind: SpecialDayKind, vietnamese: String, english: String
    ) throws(ClockRefusal) {
        guard validFrom <= validTo, validTo - validFrom < Limits.specialDays else {
            throw .calendar(
                vi: "ngày \(validFrom.vietnamese) đến \(validTo.vietnamese)", en: "from \(validFrom) to \(validTo)")
        }
        self.validFrom = validFrom
        self.validTo = validTo
        self.kind = kind
        self.vietnamese = vietnamese
        self.english = english
    }
}

/// The working calendar of an agency: its weeks, and the holidays and make-up days that the Government decides year by
/// year. Immutable data; every question is a pure function of it.
public struct WorkCalendar: Sendable {
    /// In order of `validFrom`, not overlapping.
    public let weeks: [WorkWeek]
    /// The last day for which holidays are decided. A due date beyond it is provisional.
    public let decidedThrough: Day
    private let special: [Day: SpecialDays]

    /// - Parameter decidedThrough: where nil, the end of the year of the last row.
    /// - Throws: `legal-clock.calendar` when weeks overlap, or when a day is both off and a make-up day.
    public init(
        weeks: [WorkWeek], specialDays: [SpecialDays], decidedThrough: Day? = nil
    ) throws(ClockRefusal) {
        let ordered = weeks.sorted { $0.validFrom < $1.validFrom }
        for (earlier, later) in zip(ordered, ordered.dropFirst()) {
            guard let end = earlier.validTo, end < later.validFrom else {
                throw .calendar(
                    vi: "hai tuần làm việc cùng hiệu lực ngày \(later.validFrom.vietnamese)",
                    en: "two working weeks are valid on \(later.validFrom)")
            }
        }
        var special: [Day: SpecialDays] = [:]
        for row in specialDays {
            var day = row.validFrom
            while day <= row.validTo {
                if let other = special[day], other.kind != row.kind {
                    throw .calendar(
                        vi: "ngày \(day.vietnamese) vừa nghỉ vừa làm bù", en: "\(day) is both off and a make-up day")
                }
                if special[day] == nil { special[day] = row }
                day = day.next
            }
        }
        self.weeks = ordered
        self.special = special
        let lastYear = specialDays.map(\.validTo).max()?.year
        self.decidedThrough =
            decidedThrough ?? lastYear.flatMap { Day(year: $0, month: 12, day: 31) } ?? Day(number: .min)
    }

    /// What the calendar says about a day, apart from any limit that runs.
    public enum Nature: Hashable, Sendable {
        case working, makeUp(SpecialDays), weeklyRest, off(SpecialDays)
    }

    /// The nature of a day and its working hours, empty on a day of rest.
    /// - Throws: `legal-clock.no-week` when no working week is valid on that day: guessing would promise a wrong date.
    public func hours(on day: Day) throws(ClockRefusal) -> (nature: Nature, intervals: [WorkInterval]) {
        guard let week = weeks.last(where: { $0.covers(day) }) else { throw .noWeek(day) }
        if let row = special[day] {
            return row.kind == .off ? (.off(row), []) : (.makeUp(row), week.makeUpHours)
        }
        let intervals = week.hours[day.weekday] ?? []
        return (intervals.isEmpty ? .weeklyRest : .working, intervals)
    }

    /// Whether a working week is valid on a day.
    public func covers(_ day: Day) -> Bool { weeks.contains { $0.covers(day) } }

    public func isWorking(_ day: Day) throws(ClockRefusal) -> Bool { try !hours(on: day).intervals.isEmpty }

    /// The first working day after `day`.
    public func workingDay(after day: Day) throws(ClockRefusal) -> Day { try workingDay(from: day.next, step: 1) }

    /// The last working day before `day`.
    public func workingDay(before day: Day) throws(ClockRefusal) -> Day {
        try workingDay(from: day.previous, step: -1)
    }

    private func workingDay(from first: Day, step: Int) throws(ClockRefusal) -> Day {
        var day = first
        for _ in 0..<Limits.countedDays {
            if try isWorking(day) { return day }
            day = day + step
        }
        throw .tooFar
    }
}
