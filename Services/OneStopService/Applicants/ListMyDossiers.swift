import Contracts
import ServiceKit

/// `GET /my/dossiers`: a citizen's own, newest first.
enum ListMyDossiers: Endpoint {
    static let route = Route.get("/my/dossiers")
    static let summary = "A citizen's own dossiers, newest first"
    static let access = Access.citizen

    struct Output: Record {
        var dossiers: [DossierLine] = []
        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "Newest first")
        ]
    }

    static func handle(_ input: NewestPage, _ call: Call) async throws -> Reply<Output> {
        let rows = try await call.run(
            """
            SELECT \(DossierLine.columns) FROM dossiers WHERE applicant = \(try call.person) \(input.older)
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
