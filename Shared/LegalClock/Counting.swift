import Contracts
import Foundation

extension WorkCalendar {
    /// The due date of a dossier, with the days that made it.
    ///
    /// A suspension that begins at or after the due moment changes nothing: what is late stays late.
    /// - Parameters:
    ///   - received: when the dossier was accepted.
    ///   - suspensions: in any order; those over before `received` do not matter.
    /// - Throws: `legal-clock.standing` while a suspension that matters is open, `legal-clock.too-far`,
    ///   `legal-clock.no-week`, `legal-clock.suspension-order`.
    public func due(
        received: Date, limit: Limit, policy: DeadlinePolicy = DeadlinePolicy(), suspensions: [Suspension] = []
    ) throws(ClockRefusal) -> DueDate {
        guard suspensions.count <= Limits.suspensions,
            suspensions.allSatisfy({ suspension in suspension.to.map { suspension.from <= $0 } ?? true })
        else { throw .suspensionOrder }
        var count = Count(calendar: self, limit: limit, policy: policy, begin: Instant(received))
        var restarts: [ExplainedDay] = []
        try count.run()
        for suspension in suspensions.sorted(by: { $0.from < $1.from }) {
            guard Instant(suspension.from) < count.due else { break }
            guard let end = suspension.to else { throw .standing(since: suspension.from) }
            let gap = Gap(start: max(Instant(suspension.from), count.begin), end: Instant(end))
            guard gap.start < gap.end else { continue }
            switch suspension.policy {
            case .subtract: count.gaps.append(gap)
            case .restart:
                restarts += try restarted(from: count.begin.day, to: gap.end.day)
                count.begin = gap.end
                count.gaps = count.gaps.filter { $0.end > gap.end }
            }
            try count.run()
        }
        let days = restarts + count.days
        let isProvisional = days.contains { $0.day > decidedThrough }
        return DueDate(due: count.due.date, days: days, isProvisional: isProvisional)
    }

    private func restarted(from first: Day, to last: Day) throws(ClockRefusal) -> [ExplainedDay] {
        guard last - first <= Limits.countedDays else { throw .tooFar }
        return (0..<max(0, last - first)).map { ExplainedDay(first + $0, .restarted) }
    }
}

/// Microseconds since 1970: whole numbers, so that sums of working time are exact.
struct Instant: Hashable, Comparable {
    static let second: Int64 = 1_000_000
    static let dayLength = 86_400 * second
    private static let offset = 7 * 3_600 * second

    var microseconds: Int64

    init(microseconds: Int64) { self.microseconds = microseconds }

    init(_ date: Date) {
        // Beyond the years that can be written nothing is counted; clamping keeps the conversion from trapping.
        let seconds = min(max(date.timeIntervalSince1970, -1e11), 1e12)
        microseconds = Int64((seconds * 1_000_000).rounded())
    }

    init(_ day: Day, minute: Int = 0) {
        microseconds = Int64(day.number) * Self.dayLength - Self.offset + Int64(minute) * 60 * Self.second
    }

    var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }
    var day: Day {
        let local = microseconds + Self.offset
        let rest = local % Self.dayLength
        return Day(number: Int32(clamping: (local - (rest < 0 ? rest + Self.dayLength : rest)) / Self.dayLength))
    }
    /// Microseconds since midnight.
    var clock: Int64 { microseconds - Instant(day).microseconds }

    static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }
}

/// A stretch of time in which the clock stands.
struct Gap: Hashable {
    var start: Instant
    var end: Instant

    func touches(_ start: Instant, _ end: Instant) -> Bool { self.start < end && start < self.end }
}

/// One run of the count from `begin`, the clock standing during `gaps`.
struct Count {
    let calendar: WorkCalendar
    let limit: Limit
    let policy: DeadlinePolicy
    var begin: Instant
    var gaps: [Gap] = []
    private(set) var due = Instant(microseconds: 0)
    private(set) var days: [ExplainedDay] = []

    init(calendar: WorkCalendar, limit: Limit, policy: DeadlinePolicy, begin: Instant) {
        self.calendar = calendar
        self.limit = limit
        self.policy = policy
        self.begin = begin
    }

    mutating func run() throws(ClockRefusal) {
        days = []
        switch limit.unit {
        case .hours: try countHours()
        case .workingDays: try countDays(limit.amount, resting: true, receiptMayCount: true)
        case .days: try countDays(limit.amount, resting: false, receiptMayCount: true)
        case .months:
            let length = begin.day.adding(months: limit.amount) - begin.day
            try countDays(length, resting: false, receiptMayCount: false)
        }
    }

    private mutating func countHours() throws(ClockRefusal) {
        var remaining = Int64(limit.amount) * 3_600 * Instant.second
        var day = begin.day
        for _ in 0..<Limits.countedDays {
            let (nature, intervals) = try calendar.hours(on: day)
            var counted: Int64 = 0
            var open: Int64 = 0
            for interval in intervals {
                let start = max(Instant(day, minute: interval.start), begin)
                let end = Instant(day, minute: interval.end)
                guard start < end else { continue }
                open += end.microseconds - start.microseconds
                for piece in running(from: start, to: end) {
                    let length = piece.end.microseconds - piece.start.microseconds
                    if remaining <= length {
                        due = Instant(microseconds: piece.start.microseconds + remaining)
                        days.append(explain(day, nature, seconds: counted + remaining))
                        return
                    }
                    remaining -= length
                    counted += length
                }
            }
            if counted > 0 || intervals.isEmpty {
                days.append(explain(day, nature, seconds: counted))
            } else {
                days.append(ExplainedDay(day, open == 0 ? .afterHours : .suspended, seconds: 0))
            }
            day = day.next
        }
        throw .tooFar
    }

    /// The stretches between two instants in which the clock runs, in order.
    private func running(from start: Instant, to end: Instant) -> [Gap] {
        var pieces: [Gap] = []
        var cursor = start
        for gap in gaps.sorted(by: { $0.start < $1.start }) where gap.touches(cursor, end) {
            if cursor < gap.start { pieces.append(Gap(start: cursor, end: gap.start)) }
            cursor = max(cursor, gap.end)
        }
        if cursor < end { pieces.append(Gap(start: cursor, end: end)) }
        return pieces
    }

    /// Counts `amount` days, those of rest among them unless `resting`, and moves on from a last day of rest.
    private mutating func countDays(_ amount: Int, resting: Bool, receiptMayCount: Bool) throws(ClockRefusal) {
        var remaining = amount
        var day = begin.day
        let receiptCounts = receiptMayCount ? try self.receiptCounts() : false
        if !receiptCounts {
            days.append(ExplainedDay(day, .receipt))
            day = day.next
        }
        for _ in 0..<Limits.countedDays {
            let (nature, intervals) = try calendar.hours(on: day)
            let isWorking = !intervals.isEmpty
            // A day of rest at the end of a count in calendar days is passed over like any day of rest.
            let isSkipped = !isWorking && (resting || remaining == 0)
            let isSuspended =
                resting || remaining == 0
                ? intervals.contains { stands(Instant(day, minute: $0.start), Instant(day, minute: $0.end)) }
                : stands(Instant(day), Instant(day.next))
            if isSkipped {
                days.append(explain(day, nature, seconds: nil))
            } else if isSuspended {
                days.append(ExplainedDay(day, .suspended))
            } else {
                if remaining > 0 { remaining -= 1 }
                // The last day of the count on a day of rest is shown as that: the next working day takes its place.
                let isShownByNature = isWorking || remaining == 0
                days.append(isShownByNature ? explain(day, nature, seconds: nil) : ExplainedDay(day, .counted))
                if remaining == 0, isWorking {
                    due = moment(on: day, intervals)
                    return
                }
            }
            day = day.next
        }
        throw .tooFar
    }

    /// Whether the day of receipt counts: by policy, and only when received before the end of its working time.
    private func receiptCounts() throws(ClockRefusal) -> Bool {
        guard policy.countsDayOfReceipt else { return false }
        guard let end = try calendar.hours(on: begin.day).intervals.last?.end else { return true }
        return begin < Instant(begin.day, minute: end)
    }

    private func stands(_ start: Instant, _ end: Instant) -> Bool { gaps.contains { $0.touches(start, end) } }

    private func moment(on day: Day, _ intervals: [WorkInterval]) -> Instant {
        let end = Instant(day, minute: intervals.last?.end ?? 1_440)
        guard policy.dueMoment == .sameClockTime, !policy.countsDayOfReceipt else { return end }
        let wanted = Instant(microseconds: Instant(day).microseconds + begin.clock)
        // In the morning, at noon or in the evening outside working time: the beginning of the next stretch.
        guard let interval = intervals.first(where: { wanted < Instant(day, minute: $0.end) }) else { return end }
        return max(wanted, Instant(day, minute: interval.start))
    }

    private func explain(_ day: Day, _ nature: WorkCalendar.Nature, seconds: Int64?) -> ExplainedDay {
        let seconds = limit.unit == .hours ? seconds.map { Int($0 / Instant.second) } : nil
        return switch nature {
        case .working: ExplainedDay(day, .counted, seconds: seconds)
        case .makeUp(let row): ExplainedDay(day, .makeUp, seconds: seconds, special: row)
        case .weeklyRest: ExplainedDay(day, .weeklyRest, seconds: seconds)
        case .off(let row): ExplainedDay(day, .holiday, seconds: seconds, special: row)
        }
    }
}
