import Contracts
import LegalClock
import ServiceKit

/// A rung of a deadline's ladder is due, or may be: whoever it is for is told. The row of the rung, unique for a
/// deadline and its date, is the claim: it commits with the event or not at all (os-071). One timer for each
/// deadline; it sets itself for the next rung, and whoever moves the date sets it anew.
enum LookAtDeadline: TimedTask {
    static let kind = "onestop.deadline"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        guard let deadline = try await work.deadline(key) else { return }
        // os-074: nobody is told while the clock stands. The dossier's own and its step's are set anew when it goes on.
        guard !deadline.stands else {
            guard deadline.kind == .opinion || deadline.kind == .branch else { return }
            let later = work.now.addingTimeInterval(Limits.OneStop.standingLook)
            return try await work.schedule(Self.self, key: key, at: later)
        }
        let ladder = try await work.resource(LadderBook.self).ladder(of: deadline.procedure)
        var plan = ladder.plan(deadline, calendar: try await work.calendar(of: deadline.calendar))
        // os-073: it waits for the next calendar only by the last one, so that none comes unseen in between.
        if plan.awaitsCalendar {
            plan = ladder.plan(deadline, calendar: try await work.lastCalendar(of: deadline.calendar))
        }
        for (rung, at) in plan.rungs where at <= work.now { try await work.climb(rung, of: deadline) }
        let next = plan.rungs.first { $0.at > work.now }?.at
        guard plan.awaitsCalendar else {
            if let next { try await work.schedule(Self.self, key: key, at: next) }
            return
        }
        // Its end is seen then, where no calendar comes before.
        let later = work.now.addingTimeInterval(Limits.OneStop.uncountedLook)
        try await work.schedule(Self.self, key: key, at: min(next ?? later, later), payload: awaiting)
    }

    /// What the timer of a deadline says that has a rung which the calendar cannot count.
    static let awaiting: JSON = ["awaits": "calendar"]

    /// Another calendar counts these dossiers: their deadlines that waited for one are looked at anew.
    static func wake(_ dossiers: [DossierID], _ beside: [Deadline.Kind: [UUID]], _ work: Work) async throws {
        var keys = beside.flatMap { kind, subjects in subjects.map { Deadline.key(kind, $0) } }
        for kind in [Deadline.Kind.answer, .dossier, .step] {
            keys += dossiers.map { Deadline.key(kind, $0.uuid) }
        }
        try await work.post(
            """
            UPDATE timers SET due_at = \(work.now)
            WHERE kind = \(kind) AND key = ANY(\(keys)) AND payload = \(awaiting) AND due_at > \(work.now)
            """)
    }
}

extension Ladder {
    fileprivate func plan(_ deadline: Deadline, calendar: WorkCalendar) -> LadderPlan {
        plan(deadline.kind, begun: deadline.begun, dueAt: deadline.dueAt, calendar: calendar)
    }
}

extension Work {
    /// Claims a rung and tells of it; nothing when it was claimed before.
    fileprivate func climb(_ rung: Rung, of deadline: Deadline) async throws {
        let (id, toAgency) = (DeadlineReachedID.new(), try await place(rung.reader, deadline))
        let toOfficer = rung.reader == .officer ? try await present(deadline.officer) : nil
        let claimed = try await run(
            """
            INSERT INTO deadline_rungs (deadline, due_at, rung, id, dossier, reached_at, reader, agency, officer)
            VALUES (\(deadline.identity), \(deadline.dueAt), \(rung.key), \(id), \(deadline.dossier), \(now),
                    \(rung.reader.rawValue), \(toAgency), \(toOfficer))
            ON CONFLICT DO NOTHING RETURNING id
            """)
        guard !claimed.isEmpty else { return }
        guard let kind = deadline.kind.announced else {
            var event = AnswerAwaited()
            (event.id, event.dossier, event.rung, event.hours) = (id, deadline.dossier, rung.key, rung.hours)
            (event.dueAt, event.agency) = (deadline.dueAt, deadline.agency)
            (event.reader, event.toAgency) = (rung.reader, toAgency)
            return try await announce(event, version: 1, to: deadline.receiver)
        }
        var event = DeadlineReached()
        (event.id, event.dossier, event.kind) = (id, deadline.dossier, kind)
        (event.rung, event.hours, event.dueAt) = (rung.key, rung.hours, deadline.dueAt)
        (event.stepKey, event.agency, event.reader) = (deadline.step, deadline.agency, rung.reader)
        (event.toAgency, event.toOfficer) = (toAgency, toOfficer)
        try await announce(event, version: 1, to: deadline.receiver)
    }

    /// The official, or whoever stands in while he or she is away (os-078); nil: the leaders.
    private func present(_ officer: PersonID?) async throws -> PersonID? {
        guard let officer, try await isAbsent(officer, on: today) else { return officer }
        return try await standIn(for: officer, on: today)
    }

    private func place(_ reader: RungReader, _ deadline: Deadline) async throws -> AgencyCode {
        switch reader {
        case .officer, .leader: return deadline.agency
        case .receiver: return deadline.receiver
        case .above:
            guard let above = deadline.agency.parent, try await knows(agency: above) else { return deadline.agency }
            return above
        }
    }
}

extension Runtime {
    /// The change with its step's date: counted anew when it lets the clock go on, and whenever it is another one, or
    /// that of another step, with why (os-268), whoever does that.
    func dated(_ change: Change, from before: Dossier) async throws -> Change {
        let after = change.dossier
        guard change.stepDue == nil, after.stepDueAt != nil else { return change }
        guard after.goesOn(from: before) || after.stepDueAt != before.stepDueAt || after.step != before.step else {
            return change
        }
        let procedure = try await resource(ProcedureBook.self).version(after.procedure, after.procedureNumber)
        let calendar = try await resource(CalendarBook.self).calendar(of: after.workingAgency)
        return try change.dated(from: before, procedure.definition, calendar)
    }

    /// The timers of a dossier's deadlines which a change sets, moves or lets run again, each reading `FROM change`;
    /// that of an answer goes with it.
    /// - Parameter before: nil of a new dossier.
    func timers(_ after: Dossier, from before: Dossier?, now: Date) async throws -> [(String, SQL)] {
        var timers: [(String, SQL)] = []
        if let answered = before?.answerDeadline, after.answerDeadline == nil {
            timers.append(
                (
                    "answered",
                    "DELETE FROM timers USING change WHERE kind = \(LookAtDeadline.kind) AND key = \(answered.key)"
                ))
        }
        let pairs = [
            (before?.answerDeadline, after.answerDeadline), (before?.deadline, after.deadline),
            (before?.stepDeadline, after.stepDeadline),
        ]
        for (old, new) in pairs {
            guard let new, !new.stands else { continue }
            guard old?.dueAt != new.dueAt || old?.step != new.step || old?.stands ?? true else { continue }
            let plan = try await resource(LadderBook.self).ladder(of: new.procedure).plan(
                new, calendar: try await resource(CalendarBook.self).calendar(of: new.calendar))
            // Whether one waits for a calendar is found by the timer itself: no act is refused for a warning.
            guard let first = plan.awaitsCalendar ? now : plan.rungs.first?.at else { continue }
            let set = LookAtDeadline.timer(key: new.key, at: max(first, now), from: "change")
            timers.append(("watched_\(new.kind.rawValue)", set))
        }
        return timers
    }
}
