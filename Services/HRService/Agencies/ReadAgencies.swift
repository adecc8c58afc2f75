import Contracts
import ServiceKit

/// `GET /agencies`: the tree on a day, below an agency.
enum ListAgencies: Endpoint {
    static let route = Route.get("/agencies")
    static let summary = "List agencies on a day, in the order of their codes"
    static let access = Access.signedIn

    struct Input: Record {
        var on: Day?
        var under: AgencyCode?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("on", \.on, .day, "The day; today when absent", in: .query),
            .init("under", \.under, .agency, "Only this agency and those below it", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var agencies: [Agency] = []
        static let fields: [Field<Self>] = [
            .init("agencies", \.agencies, .list(.record, 0...Limits.pageMaximum), "The agencies")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let day = input.on ?? call.today
        let after = try Cursor(input.cursor).text
        let rows = try await call.run(
            """
            SELECT * FROM agencies
            WHERE valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day)) AND code > \(after)
              AND (\(input.under)::text IS NULL OR code = \(input.under) OR starts_with(code, \(input.under) || '.'))
            ORDER BY code LIMIT \(input.limit + 1)
            """)
        let agencies = try rows.prefix(input.limit).map(Agency.init)
        var output = Output()
        output.agencies = agencies
        let next = rows.count > input.limit ? agencies.last.map { Cursor(text: $0.code.text) } : nil
        let under = input.under.map { "&under=\($0)" } ?? ""
        return Reply(output, next: next.map { "/agencies?on=\(day)&limit=\(input.limit)&cursor=\($0)\(under)" })
    }
}

/// `GET /agencies/{agency}`.
enum ReadAgency: Endpoint {
    static let route = Route.get("/agencies/{agency}")
    static let summary = "Read one agency"
    static let access = Access.signedIn

    struct Input: Record {
        var agency = AgencyCode.none
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Its code", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Agency> {
        guard let agency = try await Agency.find(input.agency, in: call.runtime.database) else {
            throw Refused.notFound
        }
        return Reply(agency, version: Int64(agency.version))
    }
}
