import Contracts
import ServiceKit

/// `GET /errors/counts`: how many errors an agency and those below it made in a period, what they cost, and how many
/// are corrected.
enum CountErrors: Endpoint {
    static let route = Route.get("/errors/counts")
    static let summary = "Errors of agencies in a period, by kind, with their costs and corrections"
    static let access = Access.official(.dossiersRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var from = Day.none
        var until = Day.none

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "This agency and those below it", in: .query),
            .init("from", \.from, .day, "First day", in: .query),
            .init("until", \.until, .day, "Last day", in: .query),
        ]
    }

    struct Line: Record {
        var agency = AgencyCode.none
        var kind = ErrorKind.wrongResult
        var errors = 0
        var dossiers = 0
        var cost = 0
        var corrected = 0

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency at fault"),
            .init("kind", \.kind, .choice, "What kind of error"),
            .init("errors", \.errors, .integer(0...Int.max), "How many"),
            .init("dossiers", \.dossiers, .integer(0...Int.max), "In how many dossiers"),
            .init("cost", \.cost, .integer(0...Int.max), "What they cost, in đồng"),
            .init("corrected", \.corrected, .integer(0...Int.max), "How many have a finished correction"),
        ]
    }

    struct Output: Record {
        var lines: [Line] = []
        static let fields: [Field<Self>] = [
            .init("lines", \.lines, .list(.record, 0...Limits.OneStop.errorLines), "By agency and kind")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.dossiersRead, at: input.agency)
        let rows = try await call.run(
            """
            SELECT e.agency, e.kind, count(*) AS errors, count(DISTINCT e.dossier) AS dossiers,
                   sum(e.cost)::bigint AS cost, count(*) FILTER (WHERE d.status IN (9, 10)) AS corrected
            FROM agency_errors e LEFT JOIN corrections c ON c.error = e.id LEFT JOIN dossiers d ON d.id = c.dossier
            WHERE e.recorded_at >= \(input.from.start) AND e.recorded_at < \(input.until.next.start)
                AND (e.agency = \(input.agency) OR starts_with(e.agency, \(input.agency) || '.'))
            GROUP BY e.agency, e.kind ORDER BY e.agency, e.kind LIMIT \(Limits.OneStop.errorLines)
            """)
        var output = Output()
        output.lines = try rows.map { row in
            var line = Line()
            line.agency = try row("agency")
            line.kind = ErrorKind(rawValue: try row("kind")) ?? .other
            line.errors = try row("errors")
            line.dossiers = try row("dossiers")
            line.cost = try row("cost")
            line.corrected = try row("corrected")
            return line
        }
        return Reply(output)
    }
}
