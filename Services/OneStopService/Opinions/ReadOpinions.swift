import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}/opinions`: everything that was asked and answered on a dossier.
enum ReadOpinions: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/opinions")
    static let summary = "The opinions on a dossier, asked and answered"
    static let access = Access.official(.dossiersRead)

    struct Output: Record {
        var opinions: [Opinion] = []
        static let fields: [Field<Self>] = [
            .init("opinions", \.opinions, .list(.record, 0...Limits.OneStop.opinions), "In the order of asking")
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .opinions)
        var output = Output()
        output.opinions = try await call.runtime.database.opinions(on: dossier.id)
        return Reply(output)
    }
}

/// `GET /opinions`: what an agency is asked for and has not answered, the most urgent first.
enum ListOpinions: Endpoint {
    static let route = Route.get("/opinions")
    static let summary = "The opinions that an agency still owes, the most urgent first"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency]

    struct Output: Record {
        var opinions: [Opinion] = []
        static let fields: [Field<Self>] = [
            .init("opinions", \.opinions, .list(.record, 0...Limits.pageMaximum), "The opinions still owed")
        ]
    }

    static func handle(_ input: AgencyPage, _ call: Call) async throws -> Reply<Output> {
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersRead, at: agency)
        call.logRead(of: "opinions", agency.text, purpose: "what is owed")
        let after = try TimeCursor(input.cursor)
        let rows = try await call.run(
            """
            SELECT o.* FROM opinions o JOIN dossiers d ON d.id = o.dossier AND d.status IN (4, 5, 6, 7)
            WHERE o.to_agency = \(agency) AND o.answered_at IS NULL
              AND (o.due_at, o.id) > (\(after?.time ?? .distantPast), \(after?.id ?? UUID.zero))
            ORDER BY o.due_at, o.id LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.opinions = try rows.prefix(input.limit).map(Opinion.init)
        guard rows.count > input.limit, let last = output.opinions.last else { return Reply(output) }
        let next = TimeCursor(time: last.dueAt, id: last.id.uuid)
        return Reply(output, next: "/opinions?agency=\(agency)&limit=\(input.limit)&cursor=\(next)")
    }
}
