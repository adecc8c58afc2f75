import Contracts
import ServiceKit

/// `GET /agencies/{agency}/positions`: those of a day, page by page.
enum ListPositions: Endpoint {
    static let route = Route.get("/agencies/{agency}/positions")
    static let summary = "List the positions of an agency on a day, with their seats and how many are held"
    static let access = Access.signedIn

    struct Input: Record {
        var agency = AgencyCode.none
        var on: Day?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("on", \.on, .day, "The day; today when absent", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    /// A position, and how much of it is filled.
    struct Filled: Record {
        var position = Position()
        var held = 0

        static let fields: [Field<Self>] = [
            .init("agency", \.position.agency, .agency, "The agency"),
            .init("unit", \.position.unit, .text(1...60), "Unit in the agency"),
            .init(
                "code", \.position.code, .text(1...Limits.Personnel.positionCode), "Code, unique in the unit"),
            .init("role", \.position.role, .choice, "What a post in it entitles to"),
            .init("title", \.position.title, .text(1...Limits.Personnel.title), "Title in Vietnamese"),
            .init("titleEn", \.position.titleEn, .text(1...Limits.Personnel.title), "Title in English"),
            .init(
                "seats", \.position.seats, .integer(1...Limits.Personnel.seats),
                "How many officials may hold it at once"),
            .init("validFrom", \.position.validFrom, .day, "First day"),
            .init("validTo", \.position.validTo, .day, "Last day, when known"),
            .init(
                "fields", \.position.procedureFields, .procedureFields,
                "Fields of procedures that a post in it is limited to; none: all"),
            .init("held", \.held, .integer(0...Int.max), "Posts in it on that day; waiting decisions are none yet"),
        ]

        init() {}

        init(_ row: Row) throws {
            position = try Position(row)
            held = try row("held")
        }
    }

    struct Output: Record {
        var positions: [Filled] = []
        static let fields: [Field<Self>] = [
            .init(
                "positions", \.positions, .list(.record, 0...Limits.pageMaximum), "In the order of units and codes")
        ]

        init() {}

        init(_ rows: some Sequence<Row>) throws { positions = try rows.map(Filled.init) }
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let day = input.on ?? call.today
        guard try await Agency.find(input.agency, in: call.runtime.database) != nil else { throw Refused.notFound }
        // A position ends with its agency, whose last day is often set later.
        let cursor = try Cursor(input.cursor)
        guard let after = cursor.text.isEmpty ? ["", ""] : cursor.parts(2) else { throw Cursor.foreign }
        let rows = try await call.run(
            """
            SELECT q.*, (SELECT count(*) FROM posts p
                         WHERE p.agency = q.agency AND p.unit = q.unit AND p.position = q.code
                           AND p.valid_from <= \(day) AND (p.valid_to IS NULL OR p.valid_to >= \(day))) AS held
            FROM positions q JOIN agencies a ON a.code = q.agency
            WHERE q.agency = \(input.agency)
              AND greatest(q.valid_from, a.valid_from) <= \(day) AND \(day) <= least(q.valid_to, a.valid_to, \(day))
              AND (q.unit, q.code) > (\(after[0]), \(after[1]))
            ORDER BY q.unit, q.code LIMIT \(input.limit + 1)
            """)
        let output = try Output(rows.prefix(input.limit))
        guard rows.count > input.limit, let last = output.positions.last?.position else { return Reply(output) }
        let reached = Cursor(parts: [last.unit, last.code])
        let path = "/agencies/\(input.agency)/positions"
        return Reply(output, next: "\(path)?on=\(day)&limit=\(input.limit)&cursor=\(reached)")
    }
}
