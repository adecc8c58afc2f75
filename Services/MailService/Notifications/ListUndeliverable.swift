import Contracts
import ServiceKit

/// `GET /undeliverable`: notifications that nobody could be given, newest first, for whoever keeps the system.
enum ListUndeliverable: Endpoint {
    static let route = Route.get("/undeliverable")
    static let summary = "Notifications for which an agency had nobody in the role and no leader, newest first"
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

    struct Undelivered: Record {
        var id = EventID()
        var event = EventID()
        var type = ""
        var agency = AgencyCode.none
        var role = PostRole.officer
        var subject = ""
        var at = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init("id", \.id, .id, "This line"),
            .init("event", \.event, .id, "The event that was to be told of"),
            .init("type", \.type, .text(1...100), "Its type"),
            .init("agency", \.agency, .agency, "Where nobody was found"),
            .init("role", \.role, .choice, "In which role"),
            .init("subject", \.subject, .text(1...Limits.Mail.subjectLength), "What would have been told"),
            .init("at", \.at, .instant, "When"),
        ]
    }

    struct Output: Record {
        var undeliverable: [Undelivered] = []
        static let fields: [Field<Self>] = [
            .init("undeliverable", \.undeliverable, .list(.record, 0...Limits.pageMaximum), "The notifications")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try EventID(cursor)
        let agencies = try await call.agencies(.systemOperate)
        let tops = agencies.map(\.text)
        let rows = try await call.run(
            """
            SELECT * FROM undeliverable u
            WHERE (\(before)::uuid IS NULL OR id < \(before))
              AND EXISTS (SELECT FROM unnest(\(tops)) AS top
                          WHERE top = '' OR u.agency = top OR starts_with(u.agency, top || '.'))
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.undeliverable = try rows.prefix(input.limit).map { row in
            var line = Undelivered()
            line.id = try row("id")
            line.event = try row("source_event")
            line.type = try row("type")
            line.agency = try row("agency")
            line.role = PostRole(rawValue: try row("role")) ?? .officer
            let facts = try Facts(decoding: row("facts"), unknown: .ignore)
            line.subject = try Notice(row("template"), facts: facts).words(call.language).subject
            line.at = try row("at")
            return line
        }
        let next = rows.count > input.limit ? output.undeliverable.last.map { Cursor(text: $0.id.text) } : nil
        return Reply(output, next: next.map { "/undeliverable?limit=\(input.limit)&cursor=\($0)" })
    }
}
