import Contracts
import ServiceKit

/// What a decision changes, and what must be written with it in the same commit.
struct Change: Sendable {
    var dossier: Dossier
    /// Stable word of what was done: `accepted`. The history line's and the notification's.
    var what: String
    var note: String?
    /// A new due date with the days that made it.
    var due: PromisedDate?
    /// A date of its step that is another one than before, or that of another step, with the days that made it.
    var stepDue: PromisedDate?
    /// What the applicant is told.
    var notice: Notice?
    var event: any Event

    init(
        _ dossier: Dossier, _ what: String, note: String? = nil, due: PromisedDate? = nil,
        stepDue: PromisedDate? = nil, notice: Notice? = nil, event: any Event
    ) {
        self.dossier = dossier
        self.what = what
        self.note = note
        self.due = due
        self.stepDue = stepDue
        self.notice = notice
        self.event = event
    }
}

/// A notification to the applicant, in both languages. No personal data but the dossier's code.
struct Notice: Sendable {
    var vietnamese: String
    var english: String
}

extension Session {
    func dossier(_ id: DossierID, forUpdate: Bool = false) async throws -> Dossier? {
        try await run("SELECT * FROM dossiers WHERE id = \(id) \(raw: forUpdate ? "FOR UPDATE" : "")")
            .first.map(Dossier.init)
    }
}

extension Call {
    /// The dossier of an action; 404 when there is none, 412 when If-Match names another version.
    func dossier(_ id: DossierID) async throws -> Dossier {
        guard let dossier = try await runtime.database.dossier(id) else { throw Refused.notFound }
        if caller.kind == .citizen, dossier.applicant.person != caller.person {
            throw refused(.notFound, about: ["dossier": "\(id)"])
        }
        try check(dossier.version)
        return dossier
    }

    /// A dossier for reading: the applicant's own, or that of an official who may read at an agency that has to do
    /// with it. The read is logged with its purpose, and with the file that is opened.
    func readable(_ id: DossierID, purpose: ReadPurpose, of file: FileID? = nil) async throws -> Dossier {
        let dossier = try await self.dossier(id)
        if caller.kind != .citizen { try await requireReading(dossier) }
        logRead(of: "dossier", id.text, purpose: purpose.rawValue + (file.map { " \($0)" } ?? ""))
        return dossier
    }

    /// Writes a change in one flight. `before` is the version that was decided on: when somebody else was faster,
    /// nothing is written and the caller reads again (412; os-191). So it is when the official who is to take the
    /// dossier has left that post in the meantime.
    func save(
        _ change: Change, from before: Dossier, taking official: Official? = nil
    ) async throws -> Reply<DossierView> {
        let change = try await runtime.dated(change, from: before)
        var dossier = change.dossier
        dossier.version = before.version + 1
        // The answer shows the applicant, as reading does.
        if caller.kind != .citizen { logRead(of: "dossier", dossier.id.text, purpose: change.what) }
        return try await save(
            change, from: before, taking: official, then: [],
            answering: Reply(try await view(of: dossier), version: dossier.version))
    }

    /// That who is to take it has not left that post in the meantime; true for nobody.
    func stillHolds(_ official: Official?, _ before: Dossier) async throws -> SQL {
        guard let official else { return "true" }
        return DossierSQL.holds(official, of: try await procedure(of: before).definition.field, on: today)
    }

    private func commands(_ change: Change) -> [(String, SQL)] {
        guard let notice = change.notice, let command = change.dossier.command(notice, of: change.what) else {
            return []
        }
        return [("commanded", commanding(command, for: command.agency))]
    }

    /// The same with further statements that read `FROM change`, and another answer than the dossier.
    func save<Output: Record>(
        _ change: Change, from before: Dossier, taking official: Official? = nil, then more: [(String, SQL)],
        answering reply: Reply<Output>
    ) async throws -> Reply<Output> {
        var after = try await runtime.dated(change, from: before)
        let timers = try await runtime.timers(after.dossier, from: before, now: now)
        after.dossier.version = before.version + 1
        return try await flight(
            DossierSQL.update(after.dossier, onlyIf: try await stillHolds(official, before)),
            then: DossierSQL.lines(after, from: before.status, at: now, actor: caller.id) + commands(after)
                + DossierMarks.line(from: before, to: after.dossier) + timers
                + DossierSQL.acted(caller.person, for: actsFor)
                + Keeping.lines(after, from: before, on: today) { try await self.procedure(of: $0) } + more,
            announcing: [(after.event, before.receivingAgency)], reply: reply)
    }
}

extension Work {
    /// Writes a change inside a transaction; the row is locked or its version decides.
    func save<Output: Record>(
        _ change: Change, from before: Dossier, onlyIf condition: SQL = "true",
        answering reply: Reply<Output>? = nil as Reply<Nothing>?
    ) async throws {
        var after = try await runtime.dated(change, from: before)
        let timers = try await runtime.timers(after.dossier, from: before, now: now)
        after.dossier.version = before.version + 1
        var lines =
            DossierSQL.lines(after, from: before.status, at: now, actor: actor)
            + DossierMarks.line(from: before, to: after.dossier)
        lines += timers + DossierSQL.acted(actingPerson, for: actsFor)
        if let notice = change.notice, let command = change.dossier.command(notice, of: change.what) {
            lines.append(("commanded", commanding(command, for: command.agency)))
        }
        lines += try await Keeping.lines(after, from: before, on: today) { try await self.procedure(of: $0) }
        try await flight(
            DossierSQL.update(after.dossier, onlyIf: condition), then: lines, announcing: after.event,
            to: before.receivingAgency, reply: reply)
    }
}

extension Work {
    /// Several changes one after the other, each a version of its own; the dossier after the last one.
    func save(_ changes: [Change], from before: Dossier) async throws -> Dossier {
        var current = before
        for change in changes {
            try await save(change, from: current)
            let version = current.version + 1
            current = change.dossier
            current.version = version
        }
        return current
    }
}

/// The statements that write a dossier and what hangs on it.
enum DossierSQL {
    static func insert(_ dossier: Dossier) -> SQL {
        let applicant = dossier.applicant
        return """
            INSERT INTO dossiers
                (id, version, status, procedure, procedure_number, channel, receiving_agency, working_agency,
                 applicant, applicant_name, applicant_phone, applicant_national_id, applicant_address,
                 applicant_mail, subject, form, submitted_at, act_by)
            VALUES (\(dossier.id), 1, \(Int16(dossier.status.number)), \(dossier.procedure),
                    \(Int32(dossier.procedureNumber)), \(dossier.channel.rawValue), \(dossier.receivingAgency),
                    \(dossier.workingAgency), \(applicant.person), \(applicant.name), \(applicant.phone),
                    \(applicant.nationalID), \(applicant.address), \(applicant.mail?.json), \(dossier.subject),
                    \(dossier.form?.description)::json,
                    \(dossier.submittedAt), \(dossier.actBy))
            RETURNING id, version
            """
    }

    /// Everything that can change, checked by version. What did not change costs nothing but its bytes.
    static func update(_ dossier: Dossier, onlyIf condition: SQL = "true") -> SQL {
        let payment = dossier.payment
        let pauses = JSON.array(dossier.pauses.map(\.json))
        let fees = JSON.array(payment.fees.map(\.json))
        return """
            UPDATE dossiers SET
                version = \(dossier.version), status = \(Int16(dossier.status.number)),
                working_agency = \(dossier.workingAgency), answering_agency = \(dossier.answeringAgency),
                sent_from = \(dossier.sentFrom.map(\.text)), officer = \(dossier.officer), step = \(dossier.step),
                code_agency = \(dossier.code?.agency), code_day = \(dossier.code?.received),
                code_serial = \(dossier.code.map { Int32($0.serial) }), accepted_at = \(dossier.acceptedAt),
                act_by = \(dossier.actBy), due_at = \(dossier.dueAt), former_due_at = \(dossier.formerDueAt),
                hand_over_by = \(dossier.handOverBy), step_due_at = \(dossier.stepDueAt),
                step_begun_at = \(dossier.stepBegunAt), pauses = \(pauses),
                resume_status = \(dossier.resumeStatus.map { Int16($0.number) }),
                withdrawn_from = \(dossier.withdrawnFrom.map { Int16($0.number) }),
                supplement_requested_at = \(dossier.supplementRequestedAt),
                supplement_note = \(dossier.supplementNote), reappointed_at = \(dossier.reappointedAt),
                demand = \(payment.demand), demand_amount = \(payment.amount), demand_kind = \(payment.kind),
                paid_at = \(payment.paidAt), paid_amount = \(payment.paidAmount),
                receipt_number = \(payment.receipt), fees = \(fees), fee_exemption = \(payment.exemption),
                fee_exemption_reason = \(payment.exemptionReason), approved_at = \(dossier.approvedAt),
                approved_by = \(dossier.approvedBy), document = \(dossier.document),
                document_number = \(dossier.documentNumber),
                document_sha256 = \(dossier.documentHash), finished_at = \(dossier.finishedAt),
                late = \(dossier.late), returned_at = \(dossier.returnedAt), reason_code = \(dossier.reasonCode),
                reason = \(dossier.reason)
            WHERE id = \(dossier.id) AND version = \(dossier.version - 1) AND \(condition)
            RETURNING id, version
            """
    }

    /// Locks the row of the version that was decided on, or fails as stale.
    static func hold(_ dossier: Dossier) -> SQL {
        """
        SELECT coalesce(
            (SELECT 1 FROM dossiers WHERE id = \(dossier.id) AND version = \(dossier.version) FOR UPDATE),
            \(SQL.failure(Work.stale))) AS held
        """
    }

    /// Whether an official still holds such a post as was decided on, for procedures of that field. The lock puts this
    /// write and the event that ends the post in an order: either the post has ended and nothing is written, or the
    /// event comes after this commit and `Release` finds the dossier.
    static func holds(_ official: Official, of field: String, on day: Day) -> SQL {
        """
        EXISTS (
            SELECT 1 FROM directory_posts
            WHERE person = \(official.person) AND agency = \(official.agency) AND role = \(official.role.rawValue)
              AND valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
              AND (fields IS NULL OR fields = '{}' OR \(field) = ANY(fields))
            FOR SHARE)
        """
    }

    /// History, due dates and notification of a change, each reading `FROM change`.
    static func lines(
        _ change: Change, from before: DossierStatus?, at now: Date, actor: String
    ) -> [(String, SQL)] {
        let dossier = change.dossier
        var lines: [(String, SQL)] = [
            (
                "noted",
                """
                INSERT INTO dossier_history
                    (dossier, version, at, actor, what, from_status, to_status, agency, officer, step, note)
                SELECT id, version, \(now), \(actor), \(change.what), \(before.map { Int16($0.number) }),
                       \(Int16(dossier.status.number)), \(dossier.workingAgency), \(dossier.officer),
                       \(dossier.step), \(change.note) FROM change
                """
            )
        ]
        for (name, table, due) in [
            ("dated", "due_dates", change.due), ("step_dated", PromisedDate.ofSteps, change.stepDue),
        ] {
            guard let due else { continue }
            lines.append(
                (
                    name,
                    """
                    INSERT INTO \(raw: table)
                        (dossier, version, cause, due_at, former_due_at, explanation)
                    SELECT id, version, \(due.cause), \(due.at), \(due.former), \(due.explanation.json) FROM change
                    """
                ))
        }
        if let notice = change.notice, let person = dossier.applicant.person {
            lines.append(
                (
                    "told",
                    """
                    INSERT INTO notifications (id, person, dossier, at, what, vietnamese, english)
                    SELECT \(UUID.v7()), \(person), id, \(now), \(change.what), \(notice.vietnamese),
                           \(notice.english) FROM change
                    """
                ))
        }
        return lines + ends(dossier, from: before, at: now) + bookLines(change, at: now)
            + followUps(change, from: before, at: now)
    }
}

extension DossierSQL {
    /// What is written with a new dossier: its first lines, and what it is found by.
    static func opening(
        _ change: Change, procedureName: String, at now: Date, actor: String
    ) -> [(String, SQL)] {
        lines(change, from: nil, at: now, actor: actor)
            + [DossierMarks.line(change.dossier, procedureName: procedureName)]
    }

    /// Who made the change in whose name, with both names as they are now (os-077).
    static func acted(_ person: PersonID?, for standsFor: StandsFor?) -> [(String, SQL)] {
        guard let person, let standsFor else { return [] }
        func name(_ person: PersonID) -> SQL {
            """
            coalesce((SELECT full_name FROM directory_posts WHERE person = \(person)
                      ORDER BY valid_from DESC LIMIT 1), '')
            """
        }
        return [
            (
                "acted",
                """
                INSERT INTO acted_for (dossier, version, delegation, person, name, for_person, for_name)
                SELECT id, version, \(standsFor.delegation), \(person), \(name(person)), \(standsFor.person),
                       \(name(standsFor.person)) FROM change
                """
            )
        ]
    }
}

extension Record {
    /// The record as a JSON value, for jsonb columns.
    var json: JSON {
        do throws(JSONFault) { return try JSON(parsing: jsonBytes) } catch {
            preconditionFailure("a record wrote what is no JSON: \(error)")
        }
    }
}
