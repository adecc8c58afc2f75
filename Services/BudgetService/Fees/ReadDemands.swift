import Contracts
import ServiceKit

/// `GET /demands/{demand}`: whoever has its number may see what is due. There is nothing personal in it; a citizen gets
/// the number from his or her own dossier.
enum ReadDemand: Endpoint {
    static let route = Route.get("/demands/{demand}")
    static let summary = "Look up a fee demand: what is due, whether it was paid, the receipt's number"
    static let access = Access.signedIn

    static func handle(_ input: DemandPath, _ call: Call) async throws -> Reply<FeeDemand> {
        guard let demand = try await call.runtime.database.demand(input.demand) else { throw Refused.notFound }
        return Reply(demand, version: Int64(demand.version))
    }
}

/// `GET /demands`: an agency's demands, newest first.
enum ListDemands: Endpoint {
    static let route = Route.get("/demands")
    static let summary = "The fee demands of an agency, newest first"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var state: FeeDemand.State?
        var dossier: DossierID?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Who collects", in: .query),
            .init("state", \.state, .choice, "Only these", in: .query),
            .init("dossier", \.dossier, .id, "Only of this dossier", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var demands: [FeeDemand] = []
        static let fields: [Field<Self>] = [
            .init("demands", \.demands, .list(.record, 0...Limits.pageMaximum), "The demands")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try DemandID(cursor)
        let rows = try await call.run(
            """
            SELECT * FROM fee_demands
            WHERE agency = \(input.agency) AND (\(before)::uuid IS NULL OR id < \(before))
              AND (\(input.state?.rawValue)::text IS NULL OR state = \(input.state?.rawValue))
              AND (\(input.dossier)::uuid IS NULL OR dossier = \(input.dossier))
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.demands = try rows.prefix(input.limit).map(FeeDemand.init)
        guard rows.count > input.limit, let last = output.demands.last else { return Reply(output) }
        var next = "/demands?agency=\(input.agency)&limit=\(input.limit)&cursor=\(Cursor(text: last.demand.text))"
        if let state = input.state { next += "&state=\(state.rawValue)" }
        if let dossier = input.dossier { next += "&dossier=\(dossier)" }
        return Reply(output, next: next)
    }
}

struct DemandPath: Record {
    var demand = DemandID()
    static let fields: [Field<Self>] = [.init("demand", \.demand, .id, "The demand", in: .path)]
}
