import Contracts
import Foundation

/// A due date before and after a change (`NgayHenTraTruoc`, `NgayHenTraMoi`).
public struct DueChange: Hashable, Sendable {
    public enum Cause: String, CaseIterable, Hashable, Sendable { case resumed, reappointed }

    public let at: Date
    public let cause: Cause
    public let former: Date
    public let new: Date
}

/// The clock of one dossier: when it was received, when it stood, the one new appointment, and every change of its due
/// date. A value: a service keeps its parts in rows and asks it what may happen next.
public struct Appointment: Sendable {
    public let received: Date
    public let limit: Limit
    public let policy: DeadlinePolicy
    public private(set) var suspensions: [Suspension]
    /// The new date of the apology, when there was one.
    public private(set) var reappointed: Date?
    /// The appointment that counts now; while the clock stands, the one before it stood.
    public private(set) var due: Date
    /// The days that made the computed date; a new appointment is a decision and has none.
    public private(set) var days: [ExplainedDay]
    /// Oldest first.
    public private(set) var changes: [DueChange] = []

    public init(
        received: Date, limit: Limit, policy: DeadlinePolicy = DeadlinePolicy(), calendar: WorkCalendar
    ) throws(ClockRefusal) {
        let computed = try calendar.due(received: received, limit: limit, policy: policy)
        self.received = received
        self.limit = limit
        self.policy = policy
        suspensions = []
        due = computed.due
        days = computed.days
    }

    public var isStanding: Bool { suspensions.last.map { $0.to == nil } ?? false }

    /// The clock stands from `at` on.
    /// - Throws: `legal-clock.standing` when it stands already, `legal-clock.suspension-order` before receipt or before
    ///   the end of the last suspension.
    public mutating func suspend(at: Date, policy: Suspension.Policy) throws(ClockRefusal) {
        if let last = suspensions.last, last.to == nil { throw .standing(since: last.from) }
        guard at >= suspensions.last?.to ?? received, suspensions.count < Limits.suspensions else {
            throw .suspensionOrder
        }
        suspensions.append(Suspension(from: at, to: nil, policy: policy))
    }

    /// The clock runs again from `at` on; the due date moves as the suspension's policy says. After a new appointment
    /// it is that date which moves, by the working days on which the clock stood, whatever the policy: a promised date
    /// is not computed anew.
    @discardableResult
    public mutating func resume(at: Date, calendar: WorkCalendar) throws(ClockRefusal) -> DueChange {
        guard let last = suspensions.last, last.to == nil else { throw .notStanding }
        guard at >= last.from else { throw .suspensionOrder }
        var ended = suspensions
        ended[ended.count - 1].to = at
        let former = due
        if reappointed == nil {
            let computed = try calendar.due(
                received: received, limit: limit, policy: policy, suspensions: ended)
            due = computed.due
            days = computed.days
        } else if last.from < due, last.from < at {
            due = try calendar.moved(due, standing: Gap(start: Instant(last.from), end: Instant(at)))
        }
        suspensions = ended
        let change = DueChange(at: at, cause: .resumed, former: former, new: due)
        changes.append(change)
        return change
    }

    /// Apology and the one new appointment: Decree 61/2018/NĐ-CP, Art. 19.9.
    /// - Throws: `legal-clock.reappointed-already` the second time, `legal-clock.standing`, and `legal-clock.not-later`
    ///   unless the new date is later than the former one and than `at`.
    @discardableResult
    public mutating func reappoint(to new: Date, at: Date) throws(ClockRefusal) -> DueChange {
        guard reappointed == nil else { throw .reappointedAlready }
        if let last = suspensions.last, last.to == nil { throw .standing(since: last.from) }
        guard new > due, new > at else { throw .notLater }
        let change = DueChange(at: at, cause: .reappointed, former: due, new: new)
        reappointed = new
        due = new
        changes.append(change)
        return change
    }
}

extension WorkCalendar {
    /// `due` later by as many working days as the gap touches, at the same clock time.
    fileprivate func moved(_ due: Date, standing gap: Gap) throws(ClockRefusal) -> Date {
        guard gap.end.day - gap.start.day <= Limits.countedDays else { throw .tooFar }
        var day = gap.start.day
        var target = Day(due)
        while day <= gap.end.day {
            let isTouched = try hours(on: day).intervals.contains {
                gap.touches(Instant(day, minute: $0.start), Instant(day, minute: $0.end))
            }
            if isTouched { target = try workingDay(after: target) }
            day = day.next
        }
        return Instant(microseconds: Instant(target).microseconds + Instant(due).clock).date
    }
}
