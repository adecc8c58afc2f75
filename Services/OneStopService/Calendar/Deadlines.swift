import Contracts
import LegalClock
import ServiceKit

/// One day on the way to a due date, as people are shown it.
struct ExplainedLine: Record, Hashable {
    var day = Day.none
    var counted = false
    var reason = ""
    var vietnamese = ""
    var english = ""

    static let fields: [Field<Self>] = [
        .init("day", \.day, .day, "The day"),
        .init("counted", \.counted, .bool, "Whether it counts towards the limit"),
        .init("reason", \.reason, .text(1...40), "Stable word of the reason"),
        .init("vietnamese", \.vietnamese, .text(1...Limits.nameLength * 2), "In Vietnamese"),
        .init("english", \.english, .text(1...Limits.nameLength * 2), "In English"),
    ]

    init() {}

    init(_ explained: ExplainedDay) {
        (day, counted, reason) = (explained.day, explained.isCounted, explained.reason.rawValue)
        (vietnamese, english) = (explained.vietnamese, explained.english)
    }
}

/// Why a due date is that day: the limit, from when it is counted, and every day on the way.
struct Explanation: Record, Hashable {
    var from = Date(timeIntervalSince1970: 0)
    var limit: TimeLimit?
    var provisional = false
    var note: String?
    var days: [ExplainedLine] = []

    static let fields: [Field<Self>] = [
        .init("from", \.from, .instant, "From when it is counted"),
        .init("limit", \.limit, .record, "The limit; absent where a date was set by decision"),
        .init("provisional", \.provisional, .bool, "Reaches past the last day for which holidays are decided"),
        .init("note", \.note, .text(0...Limits.noteLength), "The reason given for a new date"),
        .init("days", \.days, .list(.record, 0...Limits.countedDays), "Every day, counted or not"),
    ]

    init() {}

    init(_ due: DueDate, from: Date, limit: TimeLimit) {
        self.from = from
        self.limit = limit
        provisional = due.isProvisional
        days = due.days.map(ExplainedLine.init)
    }
}

/// A due date, why it was set, and why it is that day.
struct PromisedDate: Sendable, Equatable {
    /// Stable word: `accepted`, `resumed`, `reappointed`, `calendar`, `version-changed`; of a step that begins `step`.
    var cause: String
    var at: Date
    var former: Date?
    var explanation: Explanation
}

/// What the legal clock means for a dossier. Pure: the calendar is data.
enum Deadlines {
    /// Turns the clock's refusal into the office's.
    static func refusing<Value>(_ ask: () throws(ClockRefusal) -> Value) throws(Refused) -> Value {
        do throws(ClockRefusal) { return try ask() } catch {
            throw Refused(error.code, 422, vi: error.vietnamese, en: error.english)
        }
    }

    static func due(
        from: Date, limit: TimeLimit, pauses: [Suspension] = [], calendar: WorkCalendar
    ) throws(Refused) -> (at: Date, explanation: Explanation) {
        let lawful = try limit.lawful
        let due = try refusing { () throws(ClockRefusal) in
            try calendar.due(received: from, limit: lawful, suspensions: pauses)
        }
        return (due.due, Explanation(due, from: from, limit: limit))
    }

    /// The day that a decision set, moved by a pause, with the days that make it: of the working days that were left to
    /// it when the clock stood, those on which it stood do not count. Without days where these do not give that date.
    static func moved(
        _ former: Date, by pause: Pause, until end: Date, to new: Date, calendar: WorkCalendar
    ) throws(Refused) -> Explanation {
        var explanation = Explanation()
        explanation.from = pause.from
        let (first, last) = (Day(pause.from), Day(former))
        var left = 0
        var day = first
        while day <= last {
            let isWorking = try refusing { () throws(ClockRefusal) in try calendar.isWorking(day) }
            left += isWorking ? 1 : 0
            day = day.next
        }
        guard (1...Limits.limitDays).contains(left) else { return explanation }
        let counted = try refusing { () throws(ClockRefusal) in
            try calendar.due(
                received: first.previous.start, limit: Limit(left, .workingDays),
                suspensions: [Suspension(from: pause.from, to: end, policy: .subtract)])
        }
        guard counted.day == Day(new) else { return explanation }
        // The day before the first one is where the count of a limit begins; here nothing was received on it.
        explanation.days = counted.days.dropFirst().map(ExplainedLine.init)
        explanation.provisional = counted.isProvisional
        return explanation
    }

    /// The limit of an answer, as a procedure states its own.
    static let answerLimit = TimeLimit(Limit.onlineAnswer.amount, .hours)

    /// Within 08 working hours an online submission is answered (Decree 45/2020/NĐ-CP).
    static func answerBy(_ submitted: Date, calendar: WorkCalendar) throws(Refused) -> Date {
        try refusing { () throws(ClockRefusal) in
            try calendar.due(received: submitted, limit: .onlineAnswer).due
        }
    }

    /// From when an answer that is due then is counted: the submission, or what was supplied before acceptance. Where
    /// the calendar does not reach back so far, the submission: whatever it can count of this answer lies behind both.
    static func answerBegun(_ due: Date, submitted: Date, calendar: WorkCalendar) -> Date {
        do throws(ClockRefusal) {
            return try calendar.instant(-Limit.onlineAnswer.amount, workingHoursFrom: due)
        } catch { return submitted }
    }

    /// When working time ends on a day.
    static func closing(of day: Day, calendar: WorkCalendar) throws(Refused) -> Date {
        let hours = try refusing { () throws(ClockRefusal) in try calendar.hours(on: day).intervals }
        guard let end = hours.last?.end else { throw .notAWorkingDay }
        return day.instant(minute: end)
    }

    static func handOverBy(_ accepted: Date, calendar: WorkCalendar) throws(Refused) -> Date {
        try refusing { () throws(ClockRefusal) in try calendar.handOverDeadline(received: accepted) }
    }
}

extension Dossier {
    /// The clock stands from now on. Before acceptance there is none.
    mutating func suspendClock(_ cause: DossierStatus, at now: Date) {
        guard acceptedAt != nil else { return }
        pauses.append(Pause(from: now, cause: cause))
    }

    /// The clock goes on: a new due date, with the former one kept (os-086). A payment's time is always subtracted; a
    /// supplement's as the procedure says. After the one new appointment that date moves and nothing is computed anew.
    mutating func resumeClock(
        at now: Date, definition: Definition, calendar: WorkCalendar
    ) throws(Refused) -> PromisedDate? {
        guard let received = acceptedAt, let former = dueAt, let last = pauses.last, last.until == nil else {
            return nil
        }
        pauses[pauses.count - 1].until = now
        let promised: PromisedDate
        if let reappointedAt {
            let limit = try definition.limit.lawful
            let at = try Deadlines.refusing { () throws(ClockRefusal) in
                var appointment = try Appointment(received: received, limit: limit, calendar: calendar)
                try appointment.reappoint(to: former, at: reappointedAt)
                try appointment.suspend(at: last.from, policy: .subtract)
                return try appointment.resume(at: now, calendar: calendar).new
            }
            promised = PromisedDate(
                cause: "resumed", at: at, former: former,
                explanation: try Deadlines.moved(former, by: last, until: now, to: at, calendar: calendar))
        } else {
            let due = try Deadlines.due(
                from: received, limit: definition.limit, pauses: suspensions(definition), calendar: calendar)
            promised = PromisedDate(cause: "resumed", at: due.at, former: former, explanation: due.explanation)
        }
        if promised.at != former { formerDueAt = former }
        dueAt = promised.at
        actBy = promised.at
        return promised
    }

    /// Apology and the one new date (form 04), the end of working time on `day`: Decree 61/2018/NĐ-CP, Art. 19.9.
    mutating func reappoint(
        on day: Day, note: String, at now: Date, calendar: WorkCalendar
    ) throws(Refused) -> PromisedDate {
        guard reappointedAt == nil else { throw .alreadyReappointed }
        try require(.accepted, .processing)
        guard let former = dueAt else { throw .notInStatus }
        let last = try Deadlines.refusing { () throws(ClockRefusal) in try calendar.apologyDeadline(due: former) }
        guard now <= last else { throw .apologyTooLate }
        guard day - Day(former) <= Limits.countedDays else { throw .tooFarOff }
        let new = try Deadlines.closing(of: day, calendar: calendar)
        guard new > former else { throw .notLaterThanDue }
        var explanation = Explanation()
        (explanation.from, explanation.note) = (now, note)
        reappointedAt = now
        formerDueAt = former
        dueAt = new
        actBy = new
        return PromisedDate(cause: "reappointed", at: new, former: former, explanation: explanation)
    }
}

extension Refused {
    static let alreadyReappointed = Refused(
        "onestop.already-reappointed", vi: "Chỉ được hẹn lại một lần (Nghị định 61/2018/NĐ-CP, Điều 19 khoản 9).",
        en: "A new appointment may be made only once (Decree 61/2018/NĐ-CP, Art. 19.9).")
    static let apologyTooLate = Refused(
        "onestop.apology-too-late", vi: "Phải xin lỗi và hẹn lại chậm nhất một ngày làm việc trước ngày hẹn trả.",
        en: "The apology is due at the latest one working day before the appointment.")
    static let notLaterThanDue = Refused(
        "onestop.not-later", 422, vi: "Ngày hẹn mới phải sau ngày hẹn cũ.",
        en: "The new date must be later than the former one.", field: "dueOn")
    static let tooFarOff = Refused(
        "onestop.too-far-off", 422, vi: "Ngày hẹn mới quá xa.", en: "The new date is too far off.", field: "dueOn")
    static let notAWorkingDay = Refused(
        "onestop.not-a-working-day", 422, vi: "Ngày hẹn mới phải là ngày làm việc.",
        en: "The new date must be a working day.", field: "dueOn")
}
