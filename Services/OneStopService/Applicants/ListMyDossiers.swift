import Contracts
import ServiceKit

/// `GET /my/dossiers`: a citizen's own, newest first.
enum ListMyDossiers: Endpoint {
    static let route = Route.get("/my/dossiers")
    static let summary = "A citizen's own dossiers, newest first"
    static let access = Access.citizen

    struct Input: Record {
        var before: DossierID?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("before", \.before, .id, "The last one of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var dossiers: [DossierLine] = []
        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "Newest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let before: SQL = input.before.map { "AND id < \($0)" } ?? ""
        let rows = try await call.run(
            """
            SELECT \(DossierLine.columns) FROM dossiers WHERE applicant = \(try call.person) \(before)
              -- Linked dossiers are seen in their application.
              AND NOT EXISTS (SELECT 1 FROM slips WHERE slips.child = dossiers.id)
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.dossiers = try await call.lines(rows.prefix(input.limit))
        let next = rows.count > input.limit ? output.dossiers.last?.id : nil
        return Reply(output, next: next.map { "/my/dossiers?limit=\(input.limit)&before=\($0)" })
    }
}
