import Contracts
import ServiceKit

/// `GET /successions`: the agencies that ended or will, and what is still open at each. Where nobody is in charge an
/// administrator names the successor in HR (os-304).
enum ListSuccessions: Endpoint {
    static let route = Route.get("/successions")
    static let summary = "The agencies that end, who takes over what is open there, and how far that is"
    static let access = Access.official(.systemOperate)

    struct Input: Record {
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Line: Record {
        var agency = AgencyCode.none
        var lastDay: Day?
        var successor: AgencyCode?
        var inCharge: AgencyCode?
        var moved = 0
        var open = 0
        var finishedAt: Date?

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency"),
            .init("lastDay", \.lastDay, .day, "Its last day"),
            .init("successor", \.successor, .agency, "The successor that HR names"),
            .init(
                "inCharge", \.inCharge, .agency,
                "Who takes over after the last day: where the successor has ended too, the last one; absent: nobody"),
            .init("moved", \.moved, .integer(0...Int.max), "How many dossiers and complaints were taken over so far"),
            .init(
                "open", \.open, .integer(0...2 * Limits.OneStop.successionCounted),
                "Dossiers and complaints still open there, each counted up to \(Limits.OneStop.successionCounted)"),
            .init("finishedAt", \.finishedAt, .instant, "When nothing was left"),
        ]
    }

    struct Output: Record {
        var successions: [Line] = []
        static let fields: [Field<Self>] = [
            .init("successions", \.successions, .list(.record, 0...Limits.pageMaximum), "In the order of the codes")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.systemOperate, at: .none)
        let after = try Cursor(input.cursor).text
        let most = Limits.OneStop.successionCounted
        let rows = try await call.run(
            """
            SELECT s.agency, a.valid_to, a.successor, s.moved, s.finished_at,
                   (SELECT count(*) FROM (\(Succession.dossiers(at: "s.agency", limit: most))) d)
                   + (SELECT count(*) FROM (\(Succession.complaints(at: "s.agency", limit: most))) c) AS open
            FROM successions s JOIN directory_agencies a ON a.code = s.agency
            WHERE s.agency > \(after) ORDER BY s.agency LIMIT \(input.limit + 1)
            """)
        var output = Output()
        for row in rows.prefix(input.limit) {
            var line = Line()
            (line.agency, line.lastDay, line.successor) = (
                try row("agency"), try row("valid_to"), try row("successor")
            )
            (line.moved, line.open, line.finishedAt) = (try row("moved"), try row("open"), try row("finished_at"))
            if let last = line.lastDay {
                line.inCharge = try await call.runtime.database.successor(
                    of: line.agency, on: max(call.today, last.next))
            }
            output.successions.append(line)
        }
        guard rows.count > input.limit, let last = output.successions.last else { return Reply(output) }
        return Reply(output, next: "/successions?limit=\(input.limit)&cursor=\(Cursor(text: last.agency.text))")
    }
}
