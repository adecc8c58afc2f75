import Contracts
import Foundation
import Testing

@testable import LegalClock

/// A second opinion that shares nothing with the clock but the input: it walks minute by minute through a table of
/// working minutes and lets the clock tick, stand, begin anew and ring.
private struct Oracle {
    let isWorkingMinute: [[Bool]]
    let firstDay: Day
    let policy: DeadlinePolicy
    let limit: Limit
    let received: Int
    let standing: [(from: Int, to: Int, restarts: Bool)]

    /// Minutes since midnight of `firstDay`; nil when the walk leaves the table.
    func due() -> Int? {
        var start = received
        var state = begin(at: start)
        for minute in received... {
            guard minute / 1_440 < isWorkingMinute.count else { return nil }
            if let gap = standing.last(where: { $0.restarts && $0.to == minute && $0.from < minute }), gap.to > start {
                start = minute
                state = begin(at: start)
            }
            if let due = state.rings(at: minute, oracle: self, start: start) { return due }
            let stands = standing.contains { $0.from <= minute && minute < $0.to && $0.to > start }
            state.tick(minute, stands: stands, works: isWorkingMinute[minute / 1_440][minute % 1_440], oracle: self)
        }
        return nil
    }

    private func begin(at minute: Int) -> Walk {
        let today = minute / 1_440
        let table = isWorkingMinute[today]
        let close = table.lastIndex(of: true).map { $0 + 1 }
        var left = limit.amount
        switch limit.unit {
        case .hours: left *= 60
        case .months:
            let day = firstDay + today
            left = day.adding(months: limit.amount) - day
        case .days, .workingDays: break
        }
        let counts = policy.countsDayOfReceipt && limit.unit != .months && (close.map { minute % 1_440 < $0 } ?? true)
        return Walk(left: left, isExempt: limit.unit != .hours && !counts)
    }

    struct Walk {
        var left: Int
        /// The day of receipt, while it lasts.
        var isExempt: Bool
        var stoodInWorkingTime = false
        var stoodAtAll = false
        /// When this day's bell would ring; nil on a day of rest.
        private var bell: Int?
        private var bellDay = -1

        init(left: Int, isExempt: Bool) {
            self.left = left
            self.isExempt = isExempt
        }

        mutating func rings(at minute: Int, oracle: Oracle, start: Int) -> Int? {
            if oracle.limit.unit == .hours { return left == 0 ? minute : nil }
            if bellDay != minute / 1_440 {
                bellDay = minute / 1_440
                bell = bell(of: oracle.isWorkingMinute[bellDay], oracle, start: start)
            }
            guard !isExempt, let bell else { return nil }
            guard minute % 1_440 == bell || (bell == 1_440 && minute % 1_440 == 1_439) else { return nil }
            // Before the bell, or over it: a clock that began to stand earlier does not ring.
            let stands = oracle.standing.contains { $0.from < minute && minute < $0.to && $0.to > start }
            let stood = oracle.limit.unit == .workingDays || left == 0 ? stoodInWorkingTime || stands : stoodAtAll
            return left <= 1 && !stood ? minute : nil
        }

        private func bell(of table: [Bool], _ oracle: Oracle, start: Int) -> Int? {
            guard table.contains(true) else { return nil }
            var bell = (table.lastIndex(of: true) ?? 0) + 1
            if oracle.policy.dueMoment == .sameClockTime, !oracle.policy.countsDayOfReceipt {
                let clock = start % 1_440
                bell = table[clock...].firstIndex(of: true) ?? bell
            }
            return bell
        }

        mutating func tick(_ minute: Int, stands: Bool, works: Bool, oracle: Oracle) {
            if oracle.limit.unit == .hours {
                if works, !stands { left -= 1 }
                return
            }
            stoodAtAll = stoodAtAll || stands
            stoodInWorkingTime = stoodInWorkingTime || stands && works
            guard minute % 1_440 == 1_439 else { return }
            let isRest = !oracle.isWorkingMinute[minute / 1_440].contains(true)
            let counts = oracle.limit.unit == .workingDays ? !isRest && !stoodInWorkingTime : !stoodAtAll
            if !isExempt, counts, left > 0 { left -= 1 }
            isExempt = false
            stoodAtAll = false
            stoodInWorkingTime = false
        }
    }
}

/// A random calendar, receipt, limit, policy and suspensions; the table of working minutes is filled from the same
/// rolls of the dice and not from the calendar's own answers.
private struct Scenario: CustomStringConvertible {
    static let length = 120
    let calendar: WorkCalendar
    let table: [[Bool]]
    let firstDay: Day
    let policy: DeadlinePolicy
    let limit: Limit
    let received: Int
    let suspensions: [(from: Int, to: Int, restarts: Bool)]

    init(seed: UInt64) throws {
        var random = Seeded(seed)
        firstDay = Day(number: Int32.random(in: 18_000...20_000, using: &random))
        var hours: [Weekday: [(Int, Int)]] = [:]
        for weekday in Weekday.allCases where Int.random(in: 1...7, using: &random) > 2 {
            hours[weekday] = Scenario.intervals(&random)
        }
        if hours.isEmpty { hours[.friday] = Scenario.intervals(&random) }
        let makeUp = Scenario.intervals(&random)
        var special: [Int: SpecialDayKind] = [:]
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let kind: SpecialDayKind = Int.random(in: 1...3, using: &random) == 1 ? .makeUp : .off
            let from = Int.random(in: 0..<40, using: &random)
            for day in from..<from + Int.random(in: 1...3, using: &random) { special[day] = kind }
        }
        table = (0..<Scenario.length).map { [firstDay] index in
            let weekday = (Int((firstDay.number + Int32(index)) % 7) + 3) % 7 + 1
            var minutes = [Bool](repeating: false, count: 1_440)
            let plan = special[index].map { $0 == .off ? [] : makeUp } ?? hours[Weekday(rawValue: weekday)!] ?? []
            for (start, end) in plan { for minute in start..<end { minutes[minute] = true } }
            return minutes
        }
        func built(_ plan: [(Int, Int)]) throws -> [WorkInterval] {
            try plan.map { try WorkInterval(start: $0.0, end: $0.1) }
        }
        calendar = try WorkCalendar(
            weeks: [
                WorkWeek(
                    validFrom: firstDay, validTo: nil, hours: hours.mapValues(built), makeUpHours: built(makeUp))
            ],
            specialDays: special.map { [firstDay] day, kind in
                try SpecialDays(
                    validFrom: firstDay + day, validTo: firstDay + day, kind: kind, vietnamese: "", english: "")
            })
        policy = DeadlinePolicy(
            countsDayOfReceipt: Int.random(in: 1...4, using: &random) == 1,
            dueMoment: Bool.random(using: &random) ? .sameClockTime : .endOfWorkingTime)
        let unit = [LimitUnit.hours, .hours, .workingDays, .workingDays, .workingDays, .days, .days, .months]
            .randomElement(using: &random)!
        let most = unit == .hours ? 30 : unit == .months ? 1 : 9
        limit = try Limit(Int.random(in: 1...most, using: &random), unit)
        received = Int.random(in: 0..<3 * 1_440, using: &random)
        var gaps: [(from: Int, to: Int, restarts: Bool)] = []
        var cursor = received + Int.random(in: -600...5_000, using: &random)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            cursor = max(cursor, 0)
            let end = cursor + Int.random(in: 1...(Bool.random(using: &random) ? 300 : 6_000), using: &random)
            gaps.append((cursor, end, Int.random(in: 1...3, using: &random) == 1))
            cursor = end + Int.random(in: 0...3_000, using: &random)
        }
        suspensions = gaps
    }

    /// One to three stretches, at times touching each other and at times early or late in the day.
    private static func intervals(_ random: inout Seeded) -> [(Int, Int)] {
        var intervals: [(Int, Int)] = []
        var cursor = Int.random(in: 60...600, using: &random)
        for _ in 0..<Int.random(in: 1...3, using: &random) where cursor < 1_300 {
            let end = min(1_439, cursor + Int.random(in: 1...300, using: &random))
            intervals.append((cursor, end))
            cursor = end + [0, 30, 90].randomElement(using: &random)!
        }
        return intervals
    }

    func instant(_ minute: Int) -> Date { firstDay.instant(minute: minute) }

    var description: String {
        let gaps = suspensions.map { "\($0.restarts ? "restart" : "subtract") \($0.from)-\($0.to)" }
        let open = table.prefix(12).map { day in
            "\(day.firstIndex(of: true) ?? -1)-\((day.lastIndex(of: true) ?? -2) + 1)"
        }
        return "\(limit) from \(received), \(policy), gaps \(gaps), days \(open)"
    }
}

@Suite struct OracleTests {
    static let cases = 1_500
    static let shards = 6

    @Test(arguments: 0..<shards)
    func agreesWithAWalkMinuteByMinute(shard: Int) throws {
        var compared = 0
        for index in 0..<OracleTests.cases / OracleTests.shards {
            let seed = UInt64(shard * 100_000 + index)
            let scenario = try Scenario(seed: seed)
            let oracle = Oracle(
                isWorkingMinute: scenario.table, firstDay: scenario.firstDay, policy: scenario.policy,
                limit: scenario.limit, received: scenario.received, standing: scenario.suspensions)
            guard let expected = oracle.due() else { continue }
            compared += 1
            let due = try scenario.calendar.due(
                received: scenario.instant(scenario.received), limit: scenario.limit, policy: scenario.policy,
                suspensions: scenario.suspensions.shuffled().map {
                    Suspension(
                        from: scenario.instant($0.from), to: scenario.instant($0.to),
                        policy: $0.restarts ? .restart : .subtract)
                })
            #expect(due.due == scenario.instant(expected), "seed \(seed): \(scenario)")
            checkDays(of: due, in: scenario, seed: seed)
        }
        #expect(compared > OracleTests.cases / OracleTests.shards * 9 / 10)
    }

    /// The list has every day once, in order, from receipt to the due day, and what it counts adds up to the limit.
    private func checkDays(of due: DueDate, in scenario: Scenario, seed: UInt64) {
        let first = Day(scenario.instant(scenario.received))
        #expect(due.days.map(\.day) == (0...(due.day - first)).map { first + $0 }, "seed \(seed)")
        let counted = due.days.filter(\.isCounted)
        switch scenario.limit.unit {
        case .hours:
            #expect(counted.reduce(0) { $0 + ($1.seconds ?? 0) } == scenario.limit.amount * 3_600, "seed \(seed)")
        case .workingDays, .days: #expect(counted.count == scenario.limit.amount, "seed \(seed)")
        case .months: #expect(counted.count >= 28, "seed \(seed)")
        }
        #expect(due.days.last?.isCounted == true, "seed \(seed)")
    }

    @Test func laterReceiptNeverMeansAnEarlierDate() throws {
        let calendar = try calendar2021()
        for unit in LimitUnit.allCases {
            let limit = try Limit(unit == .months ? 1 : 5, unit)
            var last = Date.distantPast
            for step in 0..<3_000 {
                let due = try calendar.due(
                    received: at("2021-01-25 00:00").addingTimeInterval(Double(step) * 1_801), limit: limit)
                #expect(due.due >= last)
                last = due.due
            }
        }
    }

    @Test func tenYearsTakeNoTime() throws {
        let calendar = try calendar2021()
        let due = try calendar.due(received: at("2021-01-25 09:00"), limit: Limit(1_000, .workingDays))
        #expect(due.days.count(where: \.isCounted) == 1_000)
        #expect(try calendar.due(received: at("2021-01-25 09:00"), limit: Limit(2_000, .hours)).days.count < 400)
    }
}
