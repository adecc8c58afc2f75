import Contracts
import Foundation

extension WorkCalendar {
    /// When a received dossier must be in the unit that processes it: Decree 61/2018/NĐ-CP, Art. 18. It never moves the
    /// due date.
    ///
    /// Received on a working day at or before `Limits.handOverCutOff` and before its working time ends: by the end of
    /// that day's working time. Otherwise: in the morning of the next working day, that is by the end of its first
    /// stretch of working time.
    public func handOverDeadline(received: Date) throws(ClockRefusal) -> Date {
        let instant = Instant(received)
        let today = instant.day
        if let close = try hours(on: today).intervals.last?.end,
            instant <= Instant(today, minute: Limits.handOverCutOff), instant < Instant(today, minute: close)
        {
            return today.instant(minute: close)
        }
        let next = try workingDay(after: today)
        return next.instant(minute: try hours(on: next).intervals.first?.end ?? 0)
    }

    /// Until when an apology and a new date are in time: at the latest one day before the due date (Decree
    /// 61/2018/NĐ-CP, Art. 19.9), taken as the end of the last working day before the day of `due`.
    public func apologyDeadline(due: Date) throws(ClockRefusal) -> Date {
        let day = try workingDay(before: Day(due))
        return day.instant(minute: try hours(on: day).intervals.last?.end ?? 0)
    }

    /// Whether a clock in Vietnam shows working time at this instant.
    public func isWorkingTime(_ instant: Date) throws(ClockRefusal) -> Bool {
        let instant = Instant(instant)
        let day = instant.day
        return try hours(on: day).intervals.contains {
            Instant(day, minute: $0.start) <= instant && instant < Instant(day, minute: $0.end)
        }
    }
}
