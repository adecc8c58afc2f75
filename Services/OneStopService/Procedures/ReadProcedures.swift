import Contracts
import ServiceKit

/// `GET /procedures`: what is published and in force on a day, by code.
enum ListProcedures: Endpoint {
    static let route = Route.get("/procedures")
    static let summary = "List the procedures in force on a day"
    static let access = Access.open

    struct Input: Record {
        var on: Day?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("on", \.on, .day, "The day; today when absent", in: .query),
            .init("cursor", \.cursor, .text(1...40), "The last code of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var procedures: [Procedure] = []
        static let fields: [Field<Self>] = [
            .init("procedures", \.procedures, .list(.record, 0...Limits.pageMaximum), "The procedures")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let day = input.on ?? call.today
        let rows = try await call.run(
            """
            SELECT * FROM (
                SELECT DISTINCT ON (code) code, number, state, valid_from, valid_to, published_at, definition
                FROM procedures
                WHERE state = 'published' AND valid_from <= \(day) AND code > \(input.cursor ?? "")
                ORDER BY code, number DESC) newest
            WHERE valid_to IS NULL OR valid_to >= \(day) ORDER BY code LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.procedures = try rows.prefix(input.limit).map(Procedure.init)
        let next = rows.count > input.limit ? output.procedures.last?.code : nil
        return Reply(output, next: next.map { "/procedures?on=\(day)&limit=\(input.limit)&cursor=\($0)" })
    }
}

/// `GET /procedures/{code}`: one published version, the one in force when no number is given.
enum ReadProcedure: Endpoint {
    static let route = Route.get("/procedures/{code}")
    static let summary = "Read a published procedure"
    static let access = Access.open

    struct Input: Record {
        var code = ""
        var number: Int?
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40), "National code", in: .path),
            .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version", in: .query),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Procedure> {
        let rows = try await call.run(
            """
            SELECT code, number, state, valid_from, valid_to, published_at, definition FROM procedures
            WHERE code = \(input.code) AND state = 'published'
              AND (number = \(input.number) OR \(input.number)::int8 IS NULL AND valid_from <= \(call.today))
            ORDER BY number DESC LIMIT 1
            """)
        guard let row = rows.first else { throw Refused.notFound }
        let procedure = try Procedure(row)
        guard input.number != nil || procedure.isInForce(on: call.today) else { throw Refused.notFound }
        return Reply(procedure, version: Int64(procedure.number))
    }
}

/// `GET /procedures/{code}/draft`: the draft, for those who publish.
enum ReadDraft: Endpoint {
    static let route = Route.get("/procedures/{code}/draft")
    static let summary = "Read the draft of a procedure"
    static let access = Access.official(.proceduresPublish)

    struct Input: Record {
        var code = ""
        static let fields: [Field<Self>] = [.init("code", \.code, .text(1...40), "National code", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Procedure> {
        let rows = try await call.run(
            """
            SELECT code, number, state, valid_from, valid_to, published_at, definition, revision FROM procedures
            WHERE code = \(input.code) AND state = 'draft'
            """)
        guard let row = rows.first else { throw Refused.notFound }
        return Reply(try Procedure(row), version: try row("revision"))
    }
}
