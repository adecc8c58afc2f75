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
        let (draft, revision) = try await call.runtime.database.draft(of: input.code)
        return Reply(draft, version: revision)
    }
}

/// `GET /procedures/{code}/versions`: each version that was published, from when to when it is in force, and which one
/// takes its place: a version that begins later ends the one before on the day before (os-014).
enum ListVersions: Endpoint {
    static let route = Route.get("/procedures/{code}/versions")
    static let summary = "List the versions of a procedure with the days on which each is in force"
    static let access = Access.open

    struct Input: Record {
        var code = ""
        var after = 0
        var limit = Limits.pageDefault
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40), "National code", in: .path),
            .init(
                "after", \.after, .integer(0...Limits.OneStop.procedureVersions), default: 0,
                "The last version of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Version: Record {
        var number = 0
        var validFrom = Day.none
        var lastDay: Day?
        var neverInForce = false
        var supersededBy: Int?
        var publishedAt = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version"),
            .init("validFrom", \.validFrom, .day, "First day that it names"),
            .init("lastDay", \.lastDay, .day, "Last day on which it is in force; absent while there is none"),
            .init(
                "neverInForce", \.neverInForce, .bool, "Whether a later version took its place from its first day on"),
            .init(
                "supersededBy", \.supersededBy, .integer(1...Limits.OneStop.procedureVersions),
                "The version that takes its place"),
            .init("publishedAt", \.publishedAt, .instant, "When it was published"),
        ]
    }

    struct Output: Record {
        var versions: [Version] = []
        static let fields: [Field<Self>] = [
            .init("versions", \.versions, .list(.record, 0...Limits.pageMaximum), "Oldest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let rows = try await call.run(
            """
            SELECT number, valid_from, valid_to, published_at FROM procedures
            WHERE code = \(input.code) AND state = 'published' AND number > \(input.after)
            ORDER BY number LIMIT \(input.limit + 1)
            """)
        guard !rows.isEmpty || input.after > 0 else { throw Refused.notFound }
        var versions: [Version] = []
        for row in rows {
            var version = Version()
            (version.number, version.validFrom) = (try row("number"), try row("valid_from"))
            (version.lastDay, version.publishedAt) = (try row("valid_to"), try row("published_at"))
            if let last = versions.indices.last { versions[last].supersede(by: version) }
            versions.append(version)
        }
        var output = Output()
        output.versions = Array(versions.prefix(input.limit))
        let next = rows.count > input.limit ? output.versions.last?.number : nil
        return Reply(
            output, next: next.map { "/procedures/\(input.code)/versions?limit=\(input.limit)&after=\($0)" })
    }
}

extension ListVersions.Version {
    /// The later version takes its place for good, also where the later one ends again.
    mutating func supersede(by later: Self) {
        supersededBy = later.number
        neverInForce = later.validFrom <= validFrom
        lastDay = min(lastDay ?? later.validFrom.previous, later.validFrom.previous)
        if neverInForce { lastDay = nil }
    }
}
