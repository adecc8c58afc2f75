import Contracts
import Foundation
import ServiceKit

/// `GET /agencies/{agency}/reports/{period}/dossiers?cell=late`: the dossiers that make a figure of a report, each with
/// its dates and why it counts there. They are as many as the figure says.
enum ListReported: Endpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/dossiers")
    static let summary = "The dossiers that make one figure of a report"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.periodNotBegun, .asOfOutside]

    struct Input: ListOfReport {
        var request = ReportRequest()
        var cell = ReportCell.inHand
        var by = ReportGroup.agency
        var key: String?

        static let fields: [Field<Self>] =
            requestFields + [
                .init("cell", \.cell, .choice, default: .inHand, "Which figure", in: .query),
                .init("by", \.by, .choice, default: .agency, "What `key` is the key of", in: .query),
                .init(
                    "key", \.key, .text(0...Limits.Reports.key), "Of one line of the table; absent: of all lines",
                    in: .query),
            ]
    }

    /// Codes and dates: who the applicant is the dossier itself says.
    struct Line: Record, Hashable {
        var dossier = DossierID()
        var code: String?
        var procedure = ""
        var agency = AgencyCode.none
        var channel = Channel.counter
        var acceptedAt = Date(timeIntervalSince1970: 0)
        var dueAt: Date?
        var endAt = Date(timeIntervalSince1970: 0)
        var endOf = Course.End.asOf
        var verdict = Timeliness.inTime
        var supplements = 0

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier"),
            .init("code", \.code, .text(1...60), "Its code"),
            .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
            .init("agency", \.agency, .agency, "Who received it"),
            .init("channel", \.channel, .choice, "How it came"),
            .init("acceptedAt", \.acceptedAt, .instant, "When it was accepted"),
            .init("dueAt", \.dueAt, .instant, "The appointment as it stood"),
            .init("endAt", \.endAt, .instant, "To when its time is measured"),
            .init("endOf", \.endOf, .choice, "What that moment is"),
            .init("verdict", \.verdict, .choice, "How it stands to its appointment"),
            .init("supplements", \.supplements, .integer(0...Int.max), "How often papers were asked for"),
        ]

        init() {}

        init(_ row: Row, of cell: ReportCell, asOf: Date) throws {
            var course = try Course(row, asOf: asOf)
            course.isForIndexes = cell.isOfIndexes
            (dossier, procedure, agency) = (try row("id"), try row("procedure"), try row("agency"))
            code = try Dossier.code(row)?.text
            channel = Channel(rawValue: try row("channel")) ?? .counter
            (acceptedAt, dueAt, supplements) = (course.acceptedAt, course.dueAt, course.supplements)
            ((endAt, endOf), verdict) = (course.end, course.verdict)
        }
    }

    struct Output: Record {
        var dossiers: [Line] = []
        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "By their ids")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let request = input.request
        try await call.require(.dossiersRead, at: request.agency)
        let reported = try request.reported(now: call.now)
        call.logRead(of: "dossiers", request.agency.text, purpose: "report \(request.period) \(input.cell.rawValue)")
        let rows = try await call.run(reported.list(input.cell, by: input.by, key: input.key, request))
        var output = Output()
        output.dossiers = try rows.prefix(request.limit).map { try Line($0, of: input.cell, asOf: reported.asOf) }
        let line = input.key.map { ["by=\(input.by.rawValue)", "key=\($0.asQuery)"] } ?? []
        let query = ["cell=\(input.cell.rawValue)"] + line
        return Reply(output, next: try request.next(rows, of: reported, "dossiers", query))
    }
}

extension String {
    /// As a value of a query: everything but letters, digits, `-`, `.` and `_` percent-encoded.
    var asQuery: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._"))) ?? ""
    }
}
