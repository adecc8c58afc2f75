import Contracts
import ServiceKit

/// `POST /reassignments`: a leader gives the open dossiers of an official to others of the agency. It is done in
/// batches by a durable timer, each dossier as a change of its own (os-079); what was done is read at its address.
enum ReassignDossiers: Endpoint {
    static let route = Route.post("/reassignments", success: 201)
    static let summary = "Give the open dossiers of an official to one or several others of the agency"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.whichAgency, .nobodyThere]

    struct Output: Record {
        var reassignment = ReassignmentID()
        static let fields: [Field<Self>] = [
            .init("reassignment", \.reassignment, .id, "Where what was done is read")
        ]
    }

    static func handle(_ input: Reassignment, _ call: Call) async throws -> Reply<Output> {
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersApprove, at: agency)
        let there = try await call.runtime.database.present(input.toOfficers, at: agency, on: call.today)
        guard !there.isEmpty else { throw Refused.nobodyThere }
        var output = Output()
        output.reassignment = .new()
        let (id, person) = (output.reassignment, try call.person)
        return try await call.transaction { work in
            try await work.run(
                """
                INSERT INTO reassignments (id, agency, officer, to_officers, procedure, step, reason_code, note,
                                           asked_by, asked_person, asked_at, cursor)
                VALUES (\(id), \(agency), \(input.officer), \(input.toOfficers), \(input.procedure), \(input.step),
                        \(input.reasonCode), \(input.note), \(work.actor), \(person), \(work.now), \(UUID.zero))
                """)
            try await work.schedule(ReassignBatch.self, key: id.text, at: work.now)
            return Reply(output, location: "/reassignments/\(id)")
        }
    }
}

/// `POST /reassignments/preview`: what that would do now. Nothing is written.
enum PreviewReassignment: Endpoint {
    static let route = Route.post("/reassignments/preview")
    static let summary = "What giving an official's dossiers to others would do: to whom how many, and what stays"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.whichAgency, .nobodyThere]

    struct Share: Record {
        var officer = PersonID()
        var dossiers = 0
        static let fields: [Field<Self>] = [
            .init("officer", \.officer, .id, "Who would get them"),
            .init("dossiers", \.dossiers, .integer(0...Int.max), "How many"),
        ]
    }

    struct Output: Record {
        var moved = 0
        var kept = 0
        var shares: [Share] = []
        var atLeast = false
        static let fields: [Field<Self>] = [
            .init("moved", \.moved, .integer(0...Int.max), "How many would be moved"),
            .init("kept", \.kept, .integer(0...Int.max), "How many would stay: nobody named may work on them"),
            .init("shares", \.shares, .list(.record, 0...Limits.OneStop.reassignOfficers), "To whom how many"),
            .init("atLeast", \.atLeast, .bool, "There are more than were counted"),
        ]
    }

    static func handle(_ input: Reassignment, _ call: Call) async throws -> Reply<Output> {
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersApprove, at: agency)
        let officers = try await call.runtime.database.present(input.toOfficers, at: agency, on: call.today)
        guard !officers.isEmpty else { throw Refused.nobodyThere }
        let rows = try await call.run(
            input.dossiers(
                "procedure, procedure_number", at: agency, after: .zero, limit: Limits.OneStop.reassignPreview))
        let rights = try await call.runtime.rights.of(try call.person)
        var output = Output()
        var counts: [PersonID: Int] = [:]
        for row in rows {
            let number: Int = try row("procedure_number")
            let field = try await call.resource(ProcedureBook.self).version(try row("procedure"), number)
                .definition.field
            let isAllowed = rights.allow(.dossiersApprove, at: agency, on: call.today, field: field)
            let turn = Reassignment.turn(output.moved, among: officers, field: field, not: input.officer)
            guard isAllowed, let next = turn else {
                output.kept += 1
                continue
            }
            output.moved += 1
            counts[next.person, default: 0] += 1
        }
        output.shares = officers.map { official in
            var share = Share()
            (share.officer, share.dossiers) = (official.person, counts[official.person] ?? 0)
            return share
        }
        output.atLeast = rows.count == Limits.OneStop.reassignPreview
        return Reply(output)
    }
}

extension Refused {
    static let nobodyThere = Refused(
        "onestop.nobody-there", 422, vi: "Không ai trong số này đang giữ chức vụ và có mặt tại cơ quan.",
        en: "None of these holds a post at the agency and is there.", field: "toOfficers")
}
