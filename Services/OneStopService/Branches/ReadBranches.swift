import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}/branches`: every step that was or is done beside the leading one.
enum ReadBranches: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/branches")
    static let summary = "The steps of a dossier that cooperating agencies do or did"
    static let access = Access.official(.dossiersRead)

    struct Output: Record {
        var branches: [Branch] = []
        static let fields: [Field<Self>] = [
            .init(
                "branches", \.branches, .list(.record, 0...Limits.OneStop.branchesOfDossier),
                "In the order in which they were opened, the last ones")
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .branches)
        var output = Output()
        output.branches = Array(
            try await call.runtime.database.branches(of: dossier.id).suffix(Limits.OneStop.branchesOfDossier))
        return Reply(output)
    }
}

/// `GET /branches`: the steps that an agency does beside the leading one and has not done, the most urgent first.
enum ListBranches: Endpoint {
    static let route = Route.get("/branches")
    static let summary = "The steps that an agency does for dossiers led elsewhere, the most urgent first"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency]

    struct Input: Record {
        var page = AgencyPage()
        var mine = false
        static let fields: [Field<Self>] = [
            .init("agency", \.page.agency, .agency, "The agency; absent: the caller's own", in: .query),
            .init("mine", \.mine, .bool, default: false, "Only those that were given to the caller", in: .query),
            .init("cursor", \.page.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.page.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var branches: [Branch] = []
        static let fields: [Field<Self>] = [
            .init("branches", \.branches, .list(.record, 0...Limits.pageMaximum), "The steps still to do")
        ]
    }

    static func handle(_ asked: Input, _ call: Call) async throws -> Reply<Output> {
        let input = asked.page
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersRead, at: agency)
        call.logRead(of: "branches", agency.text, purpose: "what is to do")
        let after = try TimeCursor(input.cursor)
        let whose: SQL = asked.mine ? "AND b.officer = \(try call.person)" : ""
        let rows = try await call.run(
            """
            SELECT b.* FROM branches b JOIN dossiers d ON d.id = b.dossier AND d.status IN (4, 5, 6, 7)
            WHERE b.agency = \(agency) AND b.closed_at IS NULL \(whose)
              AND (b.due_at, b.id) > (\(after?.time ?? .distantPast), \(after?.id ?? UUID.zero))
            ORDER BY b.due_at, b.id LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.branches = try rows.prefix(input.limit).map(Branch.init)
        guard rows.count > input.limit, let last = output.branches.last else { return Reply(output) }
        let next = TimeCursor(time: last.dueAt, id: last.id.uuid)
        return Reply(output, next: "/branches?agency=\(agency)&mine=\(asked.mine)&limit=\(input.limit)&cursor=\(next)")
    }
}
