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

extension DateMove {
    var promised: PromisedDate { PromisedDate(cause: "calendar", at: new, former: former, explanation: explanation) }

    /// Whether the calendar could not count it.
    var hasStayed: Bool { former == new }

    /// A dossier that a calendar cannot count: its date is as it was, and the note says why.
    static func stayed(_ dossier: Dossier, _ why: Refused) -> DateMove {
        let deadline = dossier.foremost
        var explanation = Explanation()
        explanation.from = deadline.begun
        explanation.note = String("\(why.vietnamese) / \(why.english)".prefix(Limits.noteLength))
        return DateMove(deadline: deadline, former: deadline.dueAt, new: deadline.dueAt, explanation: explanation)
    }
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

    /// Whether a date goes from one day to another. None is moved back to before now: a calendar makes nobody late.
    private static func moves(_ former: Date, to new: Date, now: Date) -> Bool {
        new != former && new > min(now, former)
    }

    /// The dates of a dossier that move (os-081). While its clock stands there is none: the date is counted by the new
    /// calendar when it goes on.
    /// - Parameter suppliedAt: when it was completed before it was accepted: the answer is counted from then on.
    mutating func moves(
        _ dossier: Dossier, _ definition: Definition, opinions: [Opinion], branches: [Branch], suppliedAt: Date? = nil,
        now: Date
    ) throws(Refused) -> [DateMove] {
        guard dossier.status == .submitted || dossier.runs else { return [] }
        var moves: [DateMove] = []
        func add(_ deadline: Deadline, _ due: (at: Date, explanation: Explanation)?) {
            guard let due, Self.moves(deadline.dueAt, to: due.at, now: now) else { return }
            moves.append(
                DateMove(deadline: deadline, former: deadline.dueAt, new: due.at, explanation: due.explanation))
        }
        if let answer = Self.answer(dossier) {
            let calendar = try calendar(of: answer.calendar)
            add(
                answer,
                try Deadlines.due(
                    from: suppliedAt ?? dossier.submittedAt, limit: Deadlines.answerLimit, calendar: calendar))
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

    /// When a dossier must be in the processing unit, where that moves before it is there; nil where it stays.
    mutating func handOverBy(_ dossier: Dossier, now: Date) throws(Refused) -> Date? {
        guard dossier.status == .accepted, let accepted = dossier.acceptedAt, let former = dossier.handOverBy else {
            return nil
        }
        let new = try Deadlines.handOverBy(accepted, calendar: try calendar(of: dossier.receivingAgency))
        return Self.moves(former, to: new, now: now) ? new : nil
    }

    /// The date of the slip by which a dossier was given (os-270), where it moves; nil where it stays.
    mutating func slip(
        _ slip: Slip, _ child: Dossier, now: Date
    ) throws(Refused) -> (at: Date, explanation: Explanation)? {
        guard !child.clockStands, let due = try slip.due(child, calendar: try calendar(of: slip.agency)) else {
            return nil
        }
        return Self.moves(slip.dueAt, to: due.at, now: now) ? due : nil
    }

    /// That of the answer to an online submission; it runs on while the applicant's withdrawal is decided.
    private static func answer(_ dossier: Dossier) -> Deadline? {
        var asked = dossier
        if dossier.status == .withdrawalRequested, dossier.withdrawnFrom == .submitted { asked.status = .submitted }
        return asked.answerDeadline
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
