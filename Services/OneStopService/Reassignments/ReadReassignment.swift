import Contracts
import ServiceKit

/// `GET /reassignments/{reassignment}`: how far it is, and what became of each dossier.
enum ReadReassignment: Endpoint {
    static let route = Route.get("/reassignments/{reassignment}")
    static let summary = "What a reassignment moved, and what it did not and why"
    static let access = Access.official(.dossiersApprove)

    struct Input: Record {
        var reassignment = ReassignmentID()
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("reassignment", \.reassignment, .id, "The reassignment", in: .path),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Line: Record {
        var dossier = DossierID()
        var toOfficer: PersonID?
        var refused: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier"),
            .init("toOfficer", \.toOfficer, .id, "Who holds it now; absent where it stayed"),
            .init("refused", \.refused, .text(1...100), "Stable code of the reason why it stayed"),
        ]
    }

    struct Output: Record {
        var agency = AgencyCode.none
        var officer = PersonID()
        var askedAt = Date(timeIntervalSince1970: 0)
        var finishedAt: Date?
        var moved = 0
        var kept = 0
        var lines: [Line] = []

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Where"),
            .init("officer", \.officer, .id, "Whose dossiers"),
            .init("askedAt", \.askedAt, .instant, "When it was asked for"),
            .init("finishedAt", \.finishedAt, .instant, "When it was done; absent while it goes on"),
            .init("moved", \.moved, .integer(0...Int.max), "How many were moved so far"),
            .init("kept", \.kept, .integer(0...Int.max), "How many stayed so far"),
            .init("lines", \.lines, .list(.record, 0...Limits.pageMaximum), "Each dossier, in the order of the ids"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let found = try await call.run("SELECT * FROM reassignments WHERE id = \(input.reassignment)")
        guard let row = found.first else { throw Refused.notFound }
        var output = Output()
        output.agency = try row("agency")
        try await call.require(.dossiersApprove, at: output.agency)
        output.officer = try row("officer")
        output.askedAt = try row("asked_at")
        output.finishedAt = try row("finished_at")
        output.moved = try row("moved")
        output.kept = try row("kept")
        let cursor = try Cursor(input.cursor).text
        let after = cursor.isEmpty ? DossierID() : try DossierID(cursor)
        let rows = try await call.run(
            """
            SELECT dossier, to_officer, refused FROM reassignment_lines
            WHERE reassignment = \(input.reassignment) AND dossier > \(after) ORDER BY dossier LIMIT \(input.limit + 1)
            """)
        output.lines = try rows.prefix(input.limit).map { row in
            var line = Line()
            line.dossier = try row("dossier")
            line.toOfficer = try row("to_officer")
            line.refused = try row("refused")
            return line
        }
        guard rows.count > input.limit, let last = output.lines.last else { return Reply(output) }
        let next = Cursor(text: last.dossier.text)
        return Reply(output, next: "/reassignments/\(input.reassignment)?limit=\(input.limit)&cursor=\(next)")
    }
}
