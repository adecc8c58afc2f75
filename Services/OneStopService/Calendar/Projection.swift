import Contracts
import LegalClock
import ServiceKit

/// A date that a change of the calendar moves.
struct DateMove: Sendable, Equatable {
    var deadline: Deadline
    var former: Date
    var new: Date
    var explanation: Explanation
}

/// What a calendar makes of the dates of open dossiers. Pure.
struct Projection {
    let whole: WorkingCalendar
    private var calendars: [AgencyCode: WorkCalendar] = [:]

    init(_ whole: WorkingCalendar) { self.whole = whole }

    private mutating func calendar(of agency: AgencyCode) throws(Refused) -> WorkCalendar {
        if let known = calendars[agency] { return known }
        let calendar = try Deadlines.refusing { () throws(ClockRefusal) in try whole.lawful(for: agency) }
        calendars[agency] = calendar
        return calendar
    }

    /// The dates of a dossier that move (os-081). While its clock stands there is none: the date is counted by the new
    /// calendar when it goes on. None is moved back to before now: a calendar makes nobody late.
    mutating func moves(
        _ dossier: Dossier, _ definition: Definition, opinions: [Opinion], branches: [Branch], now: Date
    ) throws(Refused) -> [DateMove] {
        guard dossier.runs else { return [] }
        var moves: [DateMove] = []
        func add(_ deadline: Deadline, _ due: (at: Date, explanation: Explanation)?) {
            guard let due, due.at != deadline.dueAt, due.at > min(now, deadline.dueAt) else { return }
            moves.append(
                DateMove(deadline: deadline, former: deadline.dueAt, new: due.at, explanation: due.explanation))
        }
        if let own = dossier.deadline {
            let calendar = try calendar(of: own.calendar)
            add(own, try Self.appointment(dossier, own, definition, calendar))
        }
        if let step = dossier.stepDeadline {
            add(step, try dossier.stepDue(definition, calendar: try calendar(of: step.calendar)))
        }
        let others =
            opinions.map { (dossier.deadline(of: $0), $0.explanation.limit) }
            + branches.map { (dossier.deadline(of: $0), $0.explanation.limit) }
        for case (let deadline?, let limit?) in others {
            let calendar = try calendar(of: deadline.calendar)
            // os-260: without the times in which the clock stood while it ran, as when the clock goes on.
            let stood = dossier.stood(since: deadline.begun)
            add(deadline, try Deadlines.due(from: deadline.begun, limit: limit, pauses: stood, calendar: calendar))
        }
        return moves
    }

    /// A date that was computed is computed anew; one that a leader set stays, unless its day is one of rest now: then
    /// the next working day takes its place.
    private static func appointment(
        _ dossier: Dossier, _ own: Deadline, _ definition: Definition, _ calendar: WorkCalendar
    ) throws(Refused) -> (at: Date, explanation: Explanation)? {
        guard let reappointedAt = dossier.reappointedAt else {
            return try Deadlines.due(
                from: own.begun, limit: definition.limit, pauses: dossier.suspensions(definition), calendar: calendar)
        }
        let day = Day(own.dueAt)
        let isWorking = try Deadlines.refusing { () throws(ClockRefusal) in try calendar.isWorking(day) }
        guard !isWorking else { return nil }
        let next = try Deadlines.refusing { () throws(ClockRefusal) in try calendar.workingDay(after: day) }
        var explanation = Explanation()
        explanation.from = reappointedAt
        return (try Deadlines.closing(of: next, calendar: calendar), explanation)
    }
}
