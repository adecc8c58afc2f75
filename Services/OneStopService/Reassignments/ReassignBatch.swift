import Contracts
import ServiceKit

/// The next dossiers of a reassignment, each a change of its own with history and event (os-079), and the place up to
/// which it is done, in one transaction: killed anywhere it goes on from there, and no dossier is moved twice.
enum ReassignBatch: TimedTask {
    static let kind = "onestop.reassign"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let id = try ReassignmentID(key)
        let rows = try await work.run(
            "SELECT * FROM reassignments WHERE id = \(id) AND finished_at IS NULL FOR UPDATE")
        guard let row = rows.first else { return }
        let (asked, agency) = (try Reassignment(row), try row("agency", as: AgencyCode.self))
        let batch = asked.dossiers("*", at: agency, after: try row("cursor"), limit: Limits.OneStop.reassignBatch)
        let dossiers = try await work.run("\(batch) FOR UPDATE")
        let officers = try await work.present(asked.toOfficers, at: agency, on: work.today)
        let rights = try await work.runtime.rights.of(try row("asked_person"))
        var (moved, kept): (Int, Int) = (try row("moved"), try row("kept"))
        for before in try dossiers.map(Dossier.init) {
            let field = try await work.procedure(of: before).definition.field
            var refused = Refused.officerNotThere
            var next: Official?
            // Whoever asked needs the right for each dossier, still (os-080).
            if rights.allow(.dossiersApprove, at: agency, on: work.today, field: field) {
                next = Reassignment.turn(moved, among: officers, field: field, not: asked.officer)
            } else {
                refused = .forbidden
            }
            if let next {
                var own = work
                own.actor = try row("asked_by")
                own.actingPerson = try row("asked_person")
                own.actsFor =
                    rights.isAdministrator
                    ? nil : rights.basis(.dossiersApprove, at: agency, on: work.today, field: field)?.standsFor
                try await own.give(before, to: next, asked)
                moved += 1
            } else {
                kept += 1
            }
            try await work.post(
                """
                INSERT INTO reassignment_lines (reassignment, dossier, to_officer, refused)
                VALUES (\(id), \(before.id), \(next?.person), \(next == nil ? refused.code : nil))
                """)
        }
        let isOver = dossiers.count < Limits.OneStop.reassignBatch
        let last: UUID = try dossiers.last.map { try $0("id") } ?? row("cursor")
        try await work.post(
            """
            UPDATE reassignments SET cursor = \(last), moved = \(moved), kept = \(kept),
                finished_at = \(isOver ? work.now : nil)
            WHERE id = \(id)
            """)
        if !isOver { try await work.schedule(Self.self, key: key, at: work.now) }
    }
}

extension Reassignment {
    init(_ row: Row) throws {
        officer = try row("officer")
        toOfficers = try row("to_officers")
        procedure = try row("procedure")
        step = try row("step")
        reasonCode = try row("reason_code")
        note = try row("note")
    }
}

extension Work {
    fileprivate func give(_ before: Dossier, to next: Official, _ asked: Reassignment) async throws {
        let field = try await procedure(of: before).definition.field
        var dossier = before
        dossier.officer = next.person
        var event = DossierAssigned()
        (event.dossier, event.agency) = (dossier.id, dossier.workingAgency)
        (event.fromOfficer, event.toOfficer) = (before.officer, next.person)
        (event.reasonCode, event.status) = (asked.reasonCode, dossier.status)
        try await save(
            Change(dossier, "assigned", note: asked.note, event: event), from: before,
            onlyIf: DossierSQL.holds(next, of: field, on: today))
    }
}
