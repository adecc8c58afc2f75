import Contracts
import Files
import ServiceKit

enum StatementTag {}
typealias StatementID = ID<StatementTag>

/// A statement that was taken in, and what comparing it with our payments comes to now.
struct Statement: Record {
    var statement = StatementID()
    var agency = AgencyCode.none
    var channel = Payment.Channel.gateway
    var from = Day.none
    var until = Day.none
    var sha256 = ""
    var lines = 0
    var amount = Money.zero
    var takenAt = Date(timeIntervalSince1970: 0)
    var matched = 0
    var amountDiffers = 0
    var missingHere = 0
    var missingThere = 0
    var duplicates = 0

    static let fields: [Field<Self>] = [
        .init("statement", \.statement, .id, "The statement"),
        .init("agency", \.agency, .agency, "Whose payments it is compared with"),
        .init("channel", \.channel, .choice, "Whose statement: of the gateway, the bank (transfer), or the post"),
        .init("from", \.from, .day, "First day"),
        .init("until", \.until, .day, "Last day"),
        .init("sha256", \.sha256, .text(64...64), "Of the file"),
        .init("lines", \.lines, .integer(0...Limits.Budget.statementRows), "Its lines"),
        .init("amount", \.amount, .money, "Their sum"),
        .init("takenAt", \.takenAt, .instant, "When it was taken in"),
        .init("matched", \.matched, .integer(0...Int.max), "Lines whose payment we have, with that amount"),
        .init("amountDiffers", \.amountDiffers, .integer(0...Int.max), "Lines whose payment has another amount here"),
        .init("missingHere", \.missingHere, .integer(0...Int.max), "Lines that we have no payment of"),
        .init("missingThere", \.missingThere, .integer(0...Int.max), "Payments of these days that it does not name"),
        .init("duplicates", \.duplicates, .integer(0...Int.max), "Lines whose reference stood in it before"),
    ]

    init() {}

    init(_ row: Row) throws {
        statement = try row("id")
        agency = try row("agency")
        channel = Payment.Channel(rawValue: try row("channel")) ?? .gateway
        from = try row("from_day")
        until = try row("until")
        sha256 = try row("sha256")
        lines = try row("lines")
        amount = try row("amount")
        takenAt = try row("taken_at")
    }
}

extension Session {
    /// A statement with the counts of its comparison.
    func statement(_ id: StatementID) async throws -> Statement? {
        let rows = try await run("SELECT * FROM statements WHERE id = \(id)")
        guard var statement = try rows.first.map(Statement.init) else { return nil }
        for row in try await run("SELECT outcome, count(*) AS n FROM (\(Comparison.of(id))) c GROUP BY outcome") {
            let (outcome, count): (String, Int) = (try row("outcome"), try row("n"))
            switch Comparison.Outcome(rawValue: outcome) {
            case .matched: statement.matched = count
            case .amountDiffers: statement.amountDiffers = count
            case .missingHere: statement.missingHere = count
            case .missingThere: statement.missingThere = count
            case .duplicate: statement.duplicates = count
            case nil: break
            }
        }
        return statement
    }
}

/// `POST /statements`: takes in a statement of the gateway, the bank or the post as a table, when each line can be
/// read; else nothing of it, and every bad line is named. The same file again changes nothing (os-238).
enum TakeStatement: RawEndpoint {
    static let route = Route.post("/statements")
    static let summary = "Take in a statement (CSV) of the gateway, the bank or the post, to compare with the payments"
    static let access = Access.official(.feesCollect)
    static let bodyLimit = Limits.Budget.statementBytes
    static let refusals = [Refused.badStatement, .statementTooLong]
    static let mediaType = "text/csv"
    static let operation: JSON = [
        "parameters": [
            parameter(
                "agency", "Whose payments it is compared with",
                ["type": "string", "minLength": 1, "maxLength": .integer(Int64(Limits.agencyCodeLength))]),
            parameter(
                "channel", "Whose statement it is",
                ["type": "string", "enum": .array(channels.map { .string($0.rawValue) })]),
            parameter("from", "First day that it covers", ["type": "string", "format": "date"]),
            parameter("until", "Last day", ["type": "string", "format": "date"]),
        ],
        "requestBody": [
            "required": true,
            "description":
                "RFC 4180, UTF-8; titles `reference`, `amount` (đồng) and `date` (2021-02-09) in the first line",
            "content": .object([.init(mediaType, ["schema": ["type": "string"]])]),
        ],
        "responses": [
            "200": [
                "description": "Taken in, now or before, and what it comes to",
                "content": ["application/json": ["schema": Statement.schema]],
            ],
            "422": [
                "description": "A parameter or lines are bad: each is named in `errors`; nothing was taken in",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    /// Cash has no statement of anybody else.
    static let channels: [Payment.Channel] = [.gateway, .transfer, .postal]

    private static func parameter(_ name: String, _ words: String, _ schema: JSON) -> JSON {
        ["name": .string(name), "in": "query", "required": true, "description": .string(words), "schema": schema]
    }

    /// What the query says.
    struct Asked: Record {
        var agency = AgencyCode.none
        var channel = Payment.Channel.gateway
        var from = Day.none
        var until = Day.none

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, ""), .init("channel", \.channel, .choice, ""),
            .init("from", \.from, .day, ""), .init("until", \.until, .day, ""),
        ]

        init() {}

        init(_ request: Incoming) throws(FieldFault) {
            let members = request.queryPairs.map { JSON.Member($0.name, .string($0.value)) }
            try self.init(decoding: .object(members), unknown: .refuse)
            guard TakeStatement.channels.contains(channel) else {
                throw FieldFault(
                    "choice", field: "channel", vi: "tiền mặt không có sao kê", en: "cash has no statement")
            }
            guard from <= until, until - from < Limits.Budget.statementDays else {
                throw FieldFault(
                    "range", field: "until", vi: "phải từ ngày đầu, không quá \(Limits.Budget.statementDays) ngày",
                    en: "must not be before the first day, nor more than \(Limits.Budget.statementDays) days on")
            }
        }
    }

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let asked = try Asked(request)
        try await call.require(.feesCollect, inChargeOf: asked.agency)
        let (rows, faults) = try StatementFile.read(request.body, from: asked.from, until: asked.until)
        guard faults.isEmpty else { throw Refused.badStatement.naming(faults) }
        let sha256 = ContentHash(of: request.body).text
        let amount = try Money.sum(rows.map(\.amount))
        let reply = try await call.transaction { work in
            let taken = try await work.run(
                """
                INSERT INTO statements (id, agency, channel, from_day, until, sha256, lines, amount, taken_at, taken_by)
                VALUES (\(StatementID.new()), \(asked.agency), \(asked.channel.rawValue), \(asked.from),
                        \(asked.until), \(sha256), \(Int32(rows.count)), \(amount), \(work.now), \(work.actor))
                ON CONFLICT ON CONSTRAINT statements_once DO NOTHING RETURNING id
                """)
            if let id: StatementID = try taken.first?("id") { try await write(rows, of: id, work) }
            let known = try await work.run(
                """
                SELECT id FROM statements
                WHERE agency = \(asked.agency) AND channel = \(asked.channel.rawValue) AND from_day = \(asked.from)
                  AND until = \(asked.until) AND sha256 = \(sha256)
                """)
            guard let id: StatementID = try known.first?("id"), let statement = try await work.statement(id) else {
                throw Refused.busy
            }
            return Reply(statement)
        }
        return Outgoing.json(200, reply.output.jsonBytes)
    }

    private static func write(_ rows: [StatementFile.Row], of id: StatementID, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO statement_lines (statement, line, reference, amount, day)
            SELECT \(id), line, reference, amount, day::date
            FROM unnest(\(rows.map(\.line)), \(rows.map(\.reference)), \(rows.map(\.amount)),
                        \(rows.map(\.day.text))) AS row (line, reference, amount, day)
            """)
    }
}
