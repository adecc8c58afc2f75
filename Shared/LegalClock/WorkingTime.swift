import Contracts
import Foundation

extension WorkCalendar {
    /// The instant that lies `hours` of working time after `from`, or before it where negative: the soonest one after,
    /// the latest one before. 0 is `from` itself.
    /// - Throws: `legal-clock.too-far`, `legal-clock.no-week`.
    public func instant(_ hours: Int, workingHoursFrom from: Date) throws(ClockRefusal) -> Date {
        guard hours != 0 else { return from }
        let (begin, step) = (Instant(from), hours > 0 ? 1 : -1)
        var (day, left) = (begin.day, Int64(abs(hours)) * 3_600 * Instant.second)
        for _ in 0..<Limits.countedDays {
            let intervals = try self.hours(on: day).intervals
            for interval in step > 0 ? intervals : intervals.reversed() {
                var (start, end) = (Instant(day, minute: interval.start), Instant(day, minute: interval.end))
                if step > 0 { start = max(start, begin) } else { end = min(end, begin) }
                guard start < end else { continue }
                let length = end.microseconds - start.microseconds
                if left <= length {
                    let found = step > 0 ? start.microseconds + left : end.microseconds - left
                    return Instant(microseconds: found).date
                }
                left -= length
            }
            day = day + step
        }
        throw .tooFar
    }

    /// How much working time lies between two instants, in whole seconds; 0 when `to` is not later. It is a measure, no
    /// promise: a day on which no working week is valid adds nothing, and then the measure is not whole.
    /// - Throws: `legal-clock.too-far`.
    public func workingSeconds(from: Date, to: Date) throws(ClockRefusal) -> (seconds: Int, isWhole: Bool) {
        let (begin, end) = (Instant(from), Instant(to))
        guard begin < end else { return (0, true) }
        guard end.day - begin.day <= Limits.countedDays else { throw .tooFar }
        var (day, sum, isWhole) = (begin.day, Int64(0), true)
        while day <= end.day {
            defer { day = day.next }
            guard covers(day) else {
                isWhole = false
                continue
            }
            for interval in try hours(on: day).intervals {
                let from = max(Instant(day, minute: interval.start), begin)
                let to = min(Instant(day, minute: interval.end), end)
                if from < to { sum += to.microseconds - from.microseconds }
            }
        }
        return (Int(sum / Instant.second), isWhole)
    }
}
