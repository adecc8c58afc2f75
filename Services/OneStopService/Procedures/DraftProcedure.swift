import Contracts
import ServiceKit

/// `POST /procedures/{code}/draft`: keeps the next version as a draft, or replaces the draft that is there. A draft
/// is nobody's fact yet, so nothing is announced.
enum DraftProcedure: Endpoint {
    static let route = Route.post("/procedures/{code}/draft")
    static let summary = "Draft the next version of a procedure, or replace the draft"
    static let access = Access.official(.proceduresPublish)
    static let refusals = [
        Refused.keyTwice, .stepAgency, .documentType, .feeAmount, .feeCap, .endsBeforeItBegins, .formSchema,
    ]

    struct Input: Record {
        var code = ""
        var validFrom = Day.none
        var validTo: Day?
        var definition = Definition()

        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40, pattern: Pattern.procedure), "National code", in: .path),
            .init("validFrom", \.validFrom, .day, "First day"),
            .init("validTo", \.validTo, .day, "Last day; absent while there is none"),
            .init("definition", \.definition, .record, "What it says"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Procedure> {
        // A procedure is the whole province's: the right at one commune is not enough.
        try await call.require(.proceduresPublish, at: .none)
        try check(input)
        return try await call.transaction { work in
            let draft = try await work.run(
                "SELECT revision FROM procedures WHERE code = \(input.code) AND state = 'draft' FOR UPDATE")
            try call.check(try draft.first?("revision") ?? 0)
            let (procedure, revision) = try await keep(input, work)
            return Reply(procedure, version: revision, location: "/procedures/\(input.code)/draft")
        }
    }

    static func check(_ input: Input) throws(Refused) {
        try input.definition.check()
        if let validTo = input.validTo, validTo < input.validFrom { throw .endsBeforeItBegins }
    }

    /// The next version becomes this, or the draft that is there does.
    static func keep(_ input: Input, _ work: Work) async throws -> (Procedure, revision: Int64) {
        let last: Int? = try await work.run(
            "SELECT max(number) AS last FROM procedures WHERE code = \(input.code) AND state = 'published'"
        ).first?("last")
        let rows = try await work.run(
            """
            INSERT INTO procedures
                (code, number, state, valid_from, valid_to, definition, revision, drafted_by, drafted_at)
            VALUES (\(input.code), \((last ?? 0) + 1), 'draft', \(input.validFrom), \(input.validTo),
                    \(input.definition.json), 1, \(work.actor), \(work.now))
            ON CONFLICT (code, number) DO UPDATE SET valid_from = excluded.valid_from,
                valid_to = excluded.valid_to, definition = excluded.definition, revision = procedures.revision + 1,
                drafted_by = excluded.drafted_by, drafted_at = excluded.drafted_at
            WHERE procedures.state = 'draft'
            RETURNING code, number, state, valid_from, valid_to, published_at, definition, revision
            """)
        guard let row = rows.first else { throw Refused.stale }
        return (try Procedure(row), try row("revision"))
    }
}

/// `POST /procedures/{code}/publish`: the draft becomes law for what is submitted from its first day on, when nothing
/// is found against it (os-001, `ProcedureCheck`). A draft that changed while it was checked is not published.
enum PublishProcedure: Endpoint {
    static let route = Route.post("/procedures/{code}/publish")
    static let summary = "Publish the draft of a procedure; it never changes afterwards"
    static let access = Access.official(.proceduresPublish)
    static let refusals = [Refused.noDraft, .earlierThanPublished, .checkFailed]

    struct Input: Record {
        var code = ""
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40, pattern: Pattern.procedure), "National code", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Procedure> {
        try await call.require(.proceduresPublish, at: .none)
        let rows = try await call.run(
            """
            SELECT code, number, state, valid_from, valid_to, published_at, definition, revision FROM procedures
            WHERE code = \(input.code) ORDER BY number DESC LIMIT 2
            """)
        var procedure = try decide(try rows.map(Procedure.init))
        let revision: Int64 = try rows.first?("revision") ?? 0
        try call.check(revision)
        let staffing = try await call.runtime.database.staffing(on: procedure.firstUse(call.today))
        let outcome = ProcedureCheck.look(at: procedure.definition, staffing: staffing)
        guard outcome.findings.isEmpty else { throw Refused.unsound(outcome.findings) }
        procedure.published = true
        procedure.publishedAt = call.now
        var event = ProcedurePublished()
        (event.procedure, event.procedureVersion) = (procedure.code, procedure.number)
        (event.name, event.validFrom) = (procedure.definition.name, procedure.validFrom)
        event.validTo = procedure.validTo
        let reply = try await call.flight(
            """
            UPDATE procedures SET state = 'published', published_by = \(call.caller.id), published_at = \(call.now)
            WHERE code = \(procedure.code) AND number = \(procedure.number) AND state = 'draft'
              AND revision = \(revision)
            RETURNING number::bigint AS version
            """,
            announcing: [(event, nil)], reply: Reply(procedure, version: Int64(procedure.number)))
        call.resource(ProcedureBook.self).forget(procedure.code)
        return reply
    }

    /// - Parameter newest: the two newest versions, newest first.
    static func decide(_ newest: [Procedure]) throws(Refused) -> Procedure {
        guard let draft = newest.first, !draft.published else { throw .noDraft }
        if let before = newest.dropFirst().first, draft.validFrom < before.validFrom { throw .earlierThanPublished }
        return draft
    }
}

extension Refused {
    static let endsBeforeItBegins = Refused(
        "onestop.ends-before-it-begins", 422, vi: "Ngày hết hiệu lực không được trước ngày có hiệu lực.",
        en: "The last day must not be before the first.", field: "validTo")
    static let noDraft = Refused(
        "onestop.no-draft", vi: "Thủ tục này không có bản dự thảo.", en: "This procedure has no draft.")
    static let earlierThanPublished = Refused(
        "onestop.earlier-than-published", vi: "Ngày hiệu lực không được trước phiên bản đã công bố.",
        en: "The first day must not be before that of the published version.", field: "validFrom")
}
