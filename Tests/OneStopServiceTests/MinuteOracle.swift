import Contracts
import Foundation

@testable import OneStopService

/// A second opinion on due dates that shares nothing with the legal clock: it walks minute by minute through a table of
/// working minutes that was filled from this file's own list of holidays, and lets the clock tick, stand, begin anew
/// and ring.
struct MinuteOracle {
    /// A time in which the clock stands, in minutes of the table.
    struct Standing: Equatable {
        var from: Int
        var to: Int
        var restarts: Bool
    }

    static let first = Day(year: 2021, month: 2, day: 1) ?? .none
    static let days = 330
    private static let closing = 17 * 60
    private static let holidays: Set<String> = [
        "2021-02-10", "2021-02-11", "2021-02-12", "2021-02-13", "2021-02-14", "2021-02-15", "2021-02-16", "2021-04-21",
        "2021-04-30", "2021-05-01", "2021-05-02", "2021-05-03", "2021-09-02", "2021-09-03",
    ]

    /// Of each day of the table, whether work is done.
    private static let open: [Bool] = (0..<days).map { number in
        // 1 February 2021 was a Monday.
        number % 7 < 5 && !holidays.contains((first + number).text)
    }

    private static let works: [Bool] = open.flatMap { isOpen in
        (0..<1_440).map { isOpen && (450..<690 ~= $0 || 780..<1_020 ~= $0) }
    }

    static func minute(_ date: Date) -> Int {
        Int(((date.timeIntervalSince1970 - first.start.timeIntervalSince1970) / 60).rounded())
    }

    static func date(_ minute: Int) -> Date { first.instant(minute: minute) }

    /// When a limit that runs from `received` on is over. One loop of numbers: it is walked through a great many times.
    static func due(received: Int, limit: TimeLimit, standing: [Standing]) -> Int {
        let gaps = standing.filter { $0.from < $0.to }
        // Where the clock begins to stand or to go on; in between nothing changes.
        var changes = gaps.flatMap { [$0.from, $0.to] }.filter { $0 > received }.sorted()
        let isHours = limit.unit.rawValue == "hours"
        let isWorkingDays = limit.unit.rawValue == "workingDays"
        var (left, isExempt) = begin(limit, at: received)
        var (stands, stoodAtAll, stoodAtWork) = (false, false, false)
        var minute = received
        return works.withUnsafeBufferPointer { table in
            guard let works = table.baseAddress else { return .max }
            let (end, rest) = (table.count, received % 1_440)
            var (clock, isOpen, change) = (rest, open[received / 1_440], received)
            while minute < end {
                if minute == change {
                    stands = gaps.contains { $0.from <= minute && minute < $0.to }
                    if !stands, gaps.contains(where: { $0.restarts && $0.to == minute }) {
                        (left, isExempt) = begin(limit, at: minute)
                        (stoodAtAll, stoodAtWork) = (false, false)
                    }
                    while let next = changes.first, next <= minute { changes.removeFirst() }
                    change = changes.first ?? end
                }
                // The bell: what rings is over.
                if isHours {
                    if left == 0 { return minute }
                    if !stands, works[minute] { left -= 1 }
                } else {
                    if clock == closing, isOpen, !isExempt, left <= 1 {
                        let stood = isWorkingDays || left == 0 ? stoodAtWork : stoodAtAll
                        if !stood { return minute }
                    }
                    if stands {
                        stoodAtAll = true
                        if works[minute] { stoodAtWork = true }
                    }
                }
                minute += 1
                clock += 1
                guard clock == 1_440 else { continue }
                let counts = isWorkingDays ? isOpen && !stoodAtWork : !stoodAtAll
                if !isHours, counts, !isExempt, left > 0 { left -= 1 }
                if !isHours { (isExempt, stoodAtAll, stoodAtWork) = (false, false, false) }
                clock = 0
                if minute < end { isOpen = open[minute / 1_440] }
            }
            return .max
        }
    }

    /// What is left of a limit that begins now, in minutes or days; the day of receipt does not count towards days.
    private static func begin(_ limit: TimeLimit, at minute: Int) -> (left: Int, isExempt: Bool) {
        switch limit.unit.rawValue {
        case "hours": return (limit.amount * 60, false)
        case "months":
            let day = first + minute / 1_440
            return (sameDay(day, later: limit.amount) - day, true)
        default: return (limit.amount, true)
        }
    }

    /// The same day of a later month, or its last.
    private static func sameDay(_ day: Day, later months: Int) -> Day {
        let month = day.month - 1 + months
        var number = day.day
        while true {
            if let found = Day(year: day.year + month / 12, month: month % 12 + 1, day: number) { return found }
            number -= 1
        }
    }

    /// A promised date after the clock stood: later by each day of which working time was lost, at the same time.
    static func moved(_ due: Int, standing: Standing) -> Int {
        guard standing.from < due else { return due }
        let lost = Set((standing.from..<max(standing.from, standing.to)).filter { works[$0] }.map { $0 / 1_440 })
        var (day, left) = (due / 1_440, lost.count)
        while left > 0 {
            day += 1
            if open[day] { left -= 1 }
        }
        return day * 1_440 + due % 1_440
    }

    /// The end of working time on a day.
    static func close(of day: Day) -> Int { (day - first) * 1_440 + closing }
}
