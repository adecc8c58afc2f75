import Contracts
import ServiceKit

/// What a list behind a report is asked by: which report, and which page of the list.
struct ReportRequest: Sendable, Hashable {
    var agency = AgencyCode.none
    var period = ReportPeriod()
    var asOf: Date?
    var after: UUID?
    var limit = Limits.pageDefault

    func reported(now: Date) throws(Refused) -> Reported { try Reported(agency, period, asOf: asOf, now: now) }

    /// Where the page before ended; a condition on `id` follows another one.
    var further: SQL { after.map { "AND id > \($0)" } ?? "" }

    /// The address of the next page, of rows in the order of their `id` of which one more was read than are shown.
    func next(_ rows: Rows, of reported: Reported, _ view: String, _ query: [String]) throws -> String? {
        guard rows.count > limit else { return nil }
        let last: UUID = try rows[limit - 1]("id")
        return reported.path(view, query + ["limit=\(limit)", "after=\(last.text)"])
    }
}

/// The input of such a list.
protocol ListOfReport: Record {
    var request: ReportRequest { get set }
}

extension ListOfReport {
    /// What all of them are asked by; each adds which figure it is about.
    static var requestFields: [Field<Self>] {
        [
            .init("agency", \.request.agency, .agency, "As of the report", in: .path),
            .init("period", \.request.period, .period, "As of the report", in: .path),
            .init("asOf", \.request.asOf, .instant, ReportTimeliness.asOfDoc, in: .query),
            .init("after", \.request.after, .uuid, "The last one of the page before", in: .query),
            .init(
                "limit", \.request.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }
}
