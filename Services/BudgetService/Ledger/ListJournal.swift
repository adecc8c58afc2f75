import Contracts
import ServiceKit

/// `GET /journal`: the journal of an agency (sổ nhật ký chung), newest first.
enum ListJournal: Endpoint {
    static let route = Route.get("/journal")
    static let summary = "The journal of an agency, newest first"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var from: Day?
        var to: Day?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Whose ledger", in: .query),
            .init("from", \.from, .day, "First day", in: .query),
            .init("to", \.to, .day, "Last day", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var entries: [JournalEntry] = []
        static let fields: [Field<Self>] = [
            .init("entries", \.entries, .list(.record, 0...Limits.pageMaximum), "The entries with their lines")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        let (day, entry) = try place(of: Cursor(input.cursor))
        let rows = try await call.run(
            """
            SELECT e.id, e.agency, e.day, e.chart, e.kind, e.document, e.payment, e.posted_at,
                   l.accounts, l.sides, l.amounts
            FROM journal_entries e CROSS JOIN LATERAL (
                SELECT array_agg(account ORDER BY line) AS accounts, array_agg(side ORDER BY line) AS sides,
                       array_agg(amount ORDER BY line) AS amounts
                FROM journal_lines WHERE entry = e.id
            ) l
            WHERE e.agency = \(input.agency) AND (\(input.from)::date IS NULL OR e.day >= \(input.from))
              AND (\(input.to)::date IS NULL OR e.day <= \(input.to))
              AND (\(day)::date IS NULL OR (e.day, e.id) < (\(day), \(entry)))
            ORDER BY e.day DESC, e.id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.entries = try rows.prefix(input.limit).map(JournalEntry.init)
        guard rows.count > input.limit, let last = output.entries.last else { return Reply(output) }
        var next = "/journal?agency=\(input.agency)&limit=\(input.limit)&cursor="
        next += "\(Cursor(parts: [last.day.text, last.entry.text]))"
        if let from = input.from { next += "&from=\(from)" }
        if let to = input.to { next += "&to=\(to)" }
        return Reply(output, next: next)
    }

    /// Day and entry that a cursor stands for; both nil at the beginning.
    static func place(of cursor: Cursor) throws(FieldFault) -> (Day?, EntryID?) {
        guard !cursor.text.isEmpty else { return (nil, nil) }
        guard let parts = cursor.parts(2) else {
            throw Cursor.foreign
        }
        return (try Day(parts[0]), try EntryID(parts[1]))
    }
}

extension JournalEntry {
    init(_ row: Row) throws {
        entry = try row("id")
        agency = try row("agency")
        day = try row("day")
        chart = try row("chart")
        kind = Occasion(rawValue: try row("kind")) ?? .feeCollected
        document = try row("document")
        payment = try row("payment")
        postedAt = try row("posted_at")
        let accounts: [String] = try row("accounts")
        let sides: [String] = try row("sides")
        let amounts: [Money] = try row("amounts")
        lines = zip(accounts, zip(sides, amounts)).map { account, rest in
            Line(account, Side(rawValue: rest.0) ?? .debit, rest.1)
        }
    }
}
