import Contracts
import LegalClock
import ServiceKit

/// A dossier of an application for linked procedures moved: what follows for the others happens, once for each cause.
/// The application is locked first, so two that end at the same time are looked at one after the other.
enum FollowLinks: TimedTask {
    static let kind = "onestop.follow-links"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        // The dossier that moved, and the version that it came to.
        let moved = try DossierID(String(key.prefix(36)))
        let id = try await work.parent(of: moved) ?? moved
        guard var parent = try await work.dossier(id, forUpdate: true),
            var linked = try await work.linkedCase(of: id)
        else { return }
        for (index, slip) in linked.slips.enumerated() where slip.outcome == nil {
            guard let child = slip.child, let dossier = try await work.dossier(child),
                let outcome = Slip.outcome(of: dossier)
            else { continue }
            let closed = slip.closed(
                outcome, by: dossier, at: try await work.ended(dossier),
                calendar: try await work.calendar(of: slip.agency))
            linked.slips[index] = closed
            try await work.close(closed, of: &parent)
        }
        if parent.hasNoResult { try await withdraw(linked, of: parent, work) }
        if parent.status == .returned { try await giveBack(linked, work) }
        for link in linked.opens(parent) {
            linked.slips.append(try await open(link, of: &parent, work))
        }
        if linked.isDone { try await finish(parent, linked, work) }
    }

    /// Opens the dossier of a link at its agency. What cannot be opened any more is left to the leading agency.
    static func open(_ link: Link, of parent: inout Dossier, _ work: Work) async throws -> Slip {
        let book = work.resource(ProcedureBook.self)
        let named = (try? link.agency(from: parent.receivingAgency)) ?? parent.receivingAgency
        // A set of linked procedures stays as it is written; what it names follows the successor (os-303).
        let agency = try await book.inCharge(of: named, on: work.today) ?? named
        let calendar = try await work.calendar(of: agency)
        var slip = try Slip(link, of: parent, at: agency, calendar: calendar, now: work.now)
        let forms: JSON? = try await work.run("SELECT forms FROM linked_cases WHERE parent = \(parent.id)")
            .first?("forms")
        let procedure = try await book.inForce(link.procedure, on: work.today)
        let kind = try await book.kind(of: slip.agency, on: work.today)
        let child: Dossier
        do throws(Refused) {
            child = try decide(
                link, of: parent, at: slip.agency, form: forms?[link.key], procedure: procedure, kind: kind,
                calendar: calendar, now: work.now)
        } catch {
            slip.block(at: work.now)
            try await work.insert(slip)
            try await work.close(slip, of: &parent, why: error.vietnamese)
            return slip
        }
        slip.child = child.id
        try await work.open(child, procedure?.definition.name ?? "", by: slip, of: &parent)
        return slip
    }

    /// The dossier of a link: the application for its procedure, in the name of the same applicant.
    static func decide(
        _ link: Link, of parent: Dossier, at agency: AgencyCode, form: JSON?, procedure: Procedure?,
        kind: AgencyKind?, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> Dossier {
        var submission = Submission()
        (submission.procedure, submission.agency) = (link.procedure, agency)
        (submission.subject, submission.name, submission.form) = (parent.subject, parent.applicant.name, form)
        var child = try submission.decide(
            procedure: procedure, kind: kind, channel: parent.channel, person: parent.applicant.person, now: now,
            calendar: calendar, papers: nil)
        child.applicant = parent.applicant
        return child
    }

    /// The application ended without a result: who still works for it is asked to end it too, as by its applicant.
    private static func withdraw(_ linked: LinkedCase, of parent: Dossier, _ work: Work) async throws {
        for slip in linked.slips where slip.outcome == nil {
            guard let child = slip.child, let before = try await work.dossier(child, forUpdate: true),
                let dossier = try? WithdrawDossier.decide(before)
            else { continue }
            var event = DossierWithdrawalRequested()
            (event.dossier, event.requestedAt, event.status) = (dossier.id, work.now, dossier.status)
            let note = parent.reason ?? parent.status.vietnamese
            try await work.save(Change(dossier, "withdrawal-requested", note: note, event: event), from: before)
        }
    }

    /// The application was handed over: so are the results that it brought together (os-058).
    private static func giveBack(_ linked: LinkedCase, _ work: Work) async throws {
        for child in linked.slips.compactMap(\.child) {
            guard let before = try await work.dossier(child, forUpdate: true) else { continue }
            let definition = try await work.procedure(of: before).definition
            guard let dossier = try? ReturnResult.decide(before, definition: definition, now: work.now) else {
                continue
            }
            var event = DossierReturned()
            (event.dossier, event.agency, event.returnedAt) = (dossier.id, dossier.workingAgency, work.now)
            event.status = dossier.status
            try await work.save(Change(dossier, "returned-together", event: event), from: before)
        }
    }

    /// All links are done: an application at its last step whose result is no document of its own is finished (os-056),
    /// when that step may be left. Any other is finished by whoever holds it.
    private static func finish(_ parent: Dossier, _ linked: LinkedCase, _ work: Work) async throws {
        let definition = try await work.following(try await work.procedure(of: parent).definition)
        let waiting: Int? = try await work.run(
            "SELECT count(*) AS waiting FROM opinions WHERE dossier = \(parent.id) AND answered_at IS NULL"
        ).first?("waiting")
        let isSigned = try await work.isSigned(parent, guards: definition.endGuards(parent))
        let begunAt = try await work.begun(parent, definition)
        let end = try? finished(
            parent, definition, openOpinions: waiting ?? 0, isSigned: isSigned, begunAt: begunAt, now: work.now)
        guard let dossier = end else { return }
        // os-019: before its time it is not left here either; then this is looked at once more.
        let earliest = try parent.step.flatMap(definition.step)?.earliest(
            begun: parent.stepBegunAt, calendar: try await work.calendar(of: parent.workingAgency))
        if let earliest, work.now < earliest {
            return try await work.schedule(Self.self, key: "\(parent.id)@\(parent.version)", at: earliest)
        }
        try await work.save(
            Change(
                dossier, "finished",
                note: linked.slips.map { "\($0.key): \($0.outcome?.rawValue ?? "")" }
                    .joined(separator: "; "), notice: dossier.notice(.finished),
                event: FinishDossier.event(dossier, at: work.now)), from: parent)
    }

    static func finished(
        _ parent: Dossier, _ definition: Definition, openOpinions: Int, isSigned: Bool,
        begunAt: AgencyCode? = nil, now: Date
    ) throws(Refused) -> Dossier {
        try parent.require(.processing)
        guard definition.documentType == nil else { throw .documentAwaited }
        try Approve.pass(
            definition.endGuards(parent), parent, definition, openOpinions: openOpinions, isSigned: isSigned)
        try Approve.checkPlace(parent, definition, begunAt: begunAt)
        var dossier = parent
        (dossier.approvedAt, dossier.answeringAgency) = (now, parent.workingAgency)
        try dossier.finish(at: now)
        return dossier
    }
}

extension Slip {
    /// What a link is given to its agency by, now.
    init(
        _ link: Link, of parent: Dossier, at agency: AgencyCode, calendar: WorkCalendar, now: Date
    ) throws(Refused) {
        let due = try Deadlines.due(from: now, limit: link.limit, calendar: calendar)
        (id, self.parent, key, procedure, task) = (.new(), parent.id, link.key, link.procedure, link.task)
        (fromAgency, self.agency, openedAt) = (parent.receivingAgency, agency, now)
        (dueAt, explanation) = (due.at, due.explanation)
    }

    /// No dossier could be opened for it.
    mutating func block(at now: Date) { (closedAt, outcome, late) = (now, .blocked, false) }

    /// Its date counted anew, without the times in which the clock of its dossier stood (os-270); nil without a limit.
    func due(
        _ child: Dossier, calendar: WorkCalendar
    ) throws(Refused) -> (at: Date, explanation: Explanation)? {
        guard let limit = explanation.limit else { return nil }
        return try Deadlines.due(
            from: openedAt, limit: limit, pauses: child.stood(since: openedAt), calendar: calendar)
    }

    /// How the end of its dossier closes it; nil while that runs.
    static func outcome(of child: Dossier) -> LinkOutcome? {
        switch child.status {
        case .refused: .refused
        case .stopped: .stopped
        case .finished: .finished
        case .returned: child.finishedAt == nil ? .stopped : .finished
        default: nil
        }
    }

    /// The slip as its dossier's end closes it. It is late by the time that ran for its agency alone, up to that end
    /// and not to when this is looked at.
    func closed(_ outcome: LinkOutcome, by child: Dossier, at end: Date, calendar: WorkCalendar) -> Slip {
        var slip = self
        slip.outcome = outcome
        // A calendar that cannot count it leaves the date as it was; none makes it late.
        if let due = try? self.due(child, calendar: calendar), due.at > dueAt {
            (slip.dueAt, slip.explanation) = (due.at, due.explanation)
        }
        (slip.closedAt, slip.late) = (end, child.counted(end) > slip.dueAt)
        return slip
    }
}

extension Dossier {
    /// Whether it ended, and nothing came of it.
    var hasNoResult: Bool {
        [.refused, .stopped].contains(status) || (status == .returned && finishedAt == nil)
    }
}

extension Work {
    /// Writes the dossier of a link, its slip, and both in the history of the application.
    func open(_ child: Dossier, _ name: String, by slip: Slip, of parent: inout Dossier) async throws {
        let submitted = child.submitted
        try await flight(
            DossierSQL.insert(child),
            then: DossierSQL.opening(
                Change(child, "linked", note: slip.task, event: submitted), procedureName: name, at: now, actor: actor)
                + (try await runtime.timers(child, from: nil, now: now)),
            announcing: submitted, to: child.receivingAgency)
        try await insert(slip)
        var event = DossierLinkOpened()
        (event.dossier, event.linkKey, event.child) = (parent.id, slip.key, child.id)
        (event.procedure, event.fromAgency, event.toAgency) = (slip.procedure, slip.fromAgency, slip.agency)
        (event.dueAt, event.status) = (slip.dueAt, parent.status)
        try await save(Change(parent, "link-opened", note: "\(slip.key): \(slip.agency)", event: event), from: parent)
        parent.version += 1
    }

    func insert(_ slip: Slip) async throws {
        try await post(
            """
            INSERT INTO slips (id, parent, key, procedure, child, from_agency, agency, task, opened_at, due_at,
                               explanation, closed_at, outcome, late)
            VALUES (\(slip.id), \(slip.parent), \(slip.key), \(slip.procedure), \(slip.child), \(slip.fromAgency),
                    \(slip.agency), \(slip.task), \(slip.openedAt), \(slip.dueAt), \(slip.explanation.json),
                    \(slip.closedAt), \(slip.outcome?.rawValue), \(slip.late))
            """)
    }

    /// Writes how a link ended, and tells the application.
    func close(_ slip: Slip, of parent: inout Dossier, why: String? = nil) async throws {
        var event = DossierLinkClosed()
        (event.dossier, event.linkKey, event.child) = (parent.id, slip.key, slip.child)
        (event.agency, event.outcome) = (slip.agency, slip.decision == .drop ? .dropped : slip.outcome ?? .blocked)
        (event.late, event.status) = (slip.late ?? false, parent.status)
        let note = String("\(slip.key): \(why ?? event.outcome.rawValue)".prefix(Limits.noteLength))
        try await save(Change(parent, "link-closed", note: note, event: event), from: parent)
        parent.version += 1
        try await post(
            """
            UPDATE slips SET closed_at = \(slip.closedAt), outcome = \(slip.outcome?.rawValue), late = \(slip.late),
                due_at = \(slip.dueAt), explanation = \(slip.explanation.json)
            WHERE id = \(slip.id)
            """)
    }

    /// When a dossier ended: with its result, or by its history with the first line of its end.
    fileprivate func ended(_ dossier: Dossier) async throws -> Date {
        if let finished = dossier.finishedAt { return finished }
        let ends = [DossierStatus.refused, .stopped].map { Int16($0.number) }
        let rows = try await run(
            """
            SELECT at FROM dossier_history WHERE dossier = \(dossier.id) AND to_status = ANY(\(ends))
            ORDER BY version LIMIT 1
            """)
        return try rows.first?("at") ?? now
    }

    /// Writes another date of a slip that has not ended.
    func date(_ slip: Slip, _ due: (at: Date, explanation: Explanation)) async throws {
        try await post(
            """
            UPDATE slips SET due_at = \(due.at), explanation = \(due.explanation.json)
            WHERE id = \(slip.id) AND outcome IS NULL
            """)
    }
}
