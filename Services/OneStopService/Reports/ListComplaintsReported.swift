import Contracts
import ServiceKit

/// `GET /agencies/{agency}/reports/{period}/complaints`: the complaints behind indicator 8 and `complaints-in-time`,
/// each with its dossier where it is about one. For who leads the agency, as complaints are; one about the caller is to
/// him or her as if it were not there (os-138).
enum ListComplaintsReported: Endpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/complaints")
    static let summary = "The complaints that were due in a period, and whether they were answered in time"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.periodNotBegun, .asOfOutside]

    struct Input: ListOfReport {
        var request = ReportRequest()
        var key: AgencyCode?

        static let fields: [Field<Self>] =
            requestFields + [
                .init("key", \.key, .agency, "Of this agency alone; absent: of all of the report", in: .query)
            ]
    }

    struct Line: Record, Hashable {
        var complaint = ComplaintID()
        var agency = AgencyCode.none
        var dossier: DossierID?
        var dueAt = Date(timeIntervalSince1970: 0)
        var answeredAt: Date?
        var inTime = false

        static let fields: [Field<Self>] = [
            .init("complaint", \.complaint, .id, "The complaint"),
            .init("agency", \.agency, .agency, "Who had to answer"),
            .init("dossier", \.dossier, .id, "The dossier that it is about"),
            .init("dueAt", \.dueAt, .instant, "When the answer was due"),
            .init("answeredAt", \.answeredAt, .instant, "When it was answered; absent where it was not yet"),
            .init("inTime", \.inTime, .bool, "Whether that was in time"),
        ]

        init() {}

        init(_ row: Row) throws {
            (complaint, agency, dossier) = (try row("id"), try row("agency"), try row("dossier"))
            (dueAt, answeredAt, inTime) = (try row("due_at"), try row("answered_at"), try row("in_time"))
        }
    }

    struct Output: Record {
        var complaints: [Line] = []
        static let fields: [Field<Self>] = [
            .init("complaints", \.complaints, .list(.record, 0...Limits.pageMaximum), "By their ids")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let request = input.request
        try await call.require(.dossiersApprove, at: request.agency)
        let reported = try request.reported(now: call.now)
        call.logRead(of: "complaints", request.agency.text, purpose: "report \(request.period)")
        let ofLine: SQL = input.key.map { "AND agency = \($0)" } ?? ""
        let rows = try await call.run(
            """
            \(reported.dueComplaints)
            SELECT * FROM due WHERE official IS DISTINCT FROM \(call.caller.person) \(ofLine) \(request.further)
            ORDER BY id LIMIT \(request.limit + 1)
            """)
        var output = Output()
        output.complaints = try rows.prefix(request.limit).map(Line.init)
        let line = input.key.map { ["key=\($0)"] } ?? []
        return Reply(output, next: try request.next(rows, of: reported, "complaints", line))
    }
}

extension Reported {
    /// `WITH due`: complaints that were due in the period, by the agency that had to answer, as they stood.
    var dueComplaints: SQL {
        """
        WITH \(agencies), due AS (
            SELECT id, agency, official, dossier, due_at,
                   CASE WHEN answered_at < \(asOf) THEN answered_at END AS answered_at,
                   coalesce(answered_at <= due_at AND answered_at < \(asOf), false) AS in_time
            FROM agencies p CROSS JOIN LATERAL (
                (SELECT * FROM complaints
                 WHERE agency = p.code AND due_at >= \(start) AND due_at < \(asOf) AND answered_at IS NULL OFFSET 0)
                UNION ALL
                (SELECT * FROM complaints
                 WHERE agency = p.code AND due_at >= \(start) AND due_at < \(asOf) AND answered_at IS NOT NULL OFFSET 0)
            ) k
        )
        """
    }

    /// How many there were, and how many were answered in time.
    var complaints: SQL {
        """
        \(dueComplaints)
        SELECT agency AS subject, count(*) AS due, count(*) FILTER (WHERE in_time) AS answered
        FROM due GROUP BY agency ORDER BY agency
        """
    }
}
