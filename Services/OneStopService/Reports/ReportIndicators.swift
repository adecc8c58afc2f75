import Contracts
import ServiceKit

/// `GET /agencies/{agency}/reports/{period}/indicators`: how agencies, or officials, are graded in a quarter or a year
/// (Circular 01/2018/TT-VPCP, Art. 13 to 15).
enum ReportIndicators: Endpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/indicators")
    static let summary = "The nine indicators of the circular, for agencies or for officials, with grades"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.periodNotBegun, .asOfOutside, .quarterOrYear, .reportTooLong]

    struct Input: Record {
        var agency = AgencyCode.none
        var period = ReportPeriod()
        var of = IndicatorSubject.agency
        var officer: PersonID?
        var asOf: Date?

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "What this agency and those below it received", in: .path),
            .init("period", \.period, .period, "A quarter or a year", in: .path),
            .init("of", \.of, .choice, default: .agency, "Who is graded", in: .query),
            .init("officer", \.officer, .id, "Only this official; officials may ask for themselves", in: .query),
            .init("asOf", \.asOf, .instant, ReportTimeliness.asOfDoc, in: .query),
        ]
    }

    struct Line: Record, Hashable {
        var key = ""
        var name: String?
        var scores: [IndicatorScore] = []
        var total: String?
        var most = 18
        var grade: ReportGrade?

        static let fields: [Field<Self>] = [
            .init("key", \.key, .text(1...Limits.Reports.key), "Code of the agency, or the official"),
            .init("name", \.name, .text(1...Limits.nameLength), "The name"),
            .init("scores", \.scores, .list(.record, 0...9), "The indicators that have data"),
            .init(
                "total", \.total, .text(3...4), "The sum of the scores, brought to `most` where some have no data"),
            .init("most", \.most, .integer(10...18), "10 of an official, 18 of an agency"),
            .init("grade", \.grade, .choice, "The grade; absent without data"),
        ]

        mutating func settle(_ of: IndicatorSubject) {
            most = of == .agency ? 18 : 10
            scores.sort { $0.indicator < $1.indicator }
            guard let graded = ReportGrade.of(scores, most: most) else { return }
            (total, grade) = (IndicatorScore.written(graded.tenths), graded.grade)
        }
    }

    struct Output: Record {
        var agency = AgencyCode.none
        var period = ReportPeriod()
        var asOf = Date(timeIntervalSince1970: 0)
        var final = false
        var lines: [Line] = []

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency"),
            .init("period", \.period, .period, "The period"),
            .init("asOf", \.asOf, .instant, "What happened then or later does not count"),
            .init("final", \.final, .bool, "Whether the figures can change no more"),
            .init("lines", \.lines, .list(.record, 0...Limits.Reports.lines), "By key"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        Reply(try await call.indicators(input))
    }
}

extension Call {
    func indicators(_ input: ReportIndicators.Input) async throws -> ReportIndicators.Output {
        let reported = try await judged(input.agency, input.period, input.of, input.officer, asOf: input.asOf)
        var lines: [String: ReportIndicators.Line] = [:]
        func add(_ row: Row, _ score: IndicatorScore) throws {
            let key: String = try row("subject")
            var line = lines[key] ?? ReportIndicators.Line()
            line.key = key
            line.scores.append(score)
            lines[key] = line
        }
        for row in try await run(reported.scores(input.of, officer: input.officer)) {
            try add(
                row, IndicatorScore(try row("indicator"), points: try row("points"), of: try row("dossiers")))
            let key: String = try row("subject")
            lines[key]?.name = try row("name")
        }
        if input.of == .agency {
            for row in try await run(reported.complaints) {
                let points = Indicator.points(complaints: try row("answered"), of: try row("due"))
                if let points { try add(row, IndicatorScore(8, points: points, of: 1)) }
            }
            for row in try await run(reported.online) {
                let points = Indicator.points(
                    procedures: try row("online"), of: try row("procedures"), came: try row("came"),
                    of: try row("received"), late: try row("late"))
                if let points { try add(row, IndicatorScore(9, points: points, of: 1)) }
            }
        }
        guard lines.count <= Limits.Reports.lines else { throw Refused.reportTooLong }
        var output = ReportIndicators.Output()
        (output.agency, output.period) = (input.agency, input.period)
        (output.asOf, output.final) = (reported.asOf, reported.isFinal)
        output.lines = lines.values.sorted { $0.key < $1.key }
        for place in output.lines.indices { output.lines[place].settle(input.of) }
        return output
    }

    /// How officials are judged is for who leads the agency, and for each about himself or herself (os-209).
    func judged(
        _ agency: AgencyCode, _ period: ReportPeriod, _ of: IndicatorSubject, _ officer: PersonID?, asOf: Date?
    ) async throws -> Reported {
        let isOwn = of == .officer && officer != nil && officer == caller.person
        try await require(of == .agency || isOwn ? .dossiersRead : .dossiersApprove, at: agency)
        if of == .officer { logRead(of: "officials", agency.text, purpose: "indicators \(period)") }
        if case .month = period.part { throw Refused.quarterOrYear }
        return try Reported(agency, period, asOf: asOf, now: now)
    }
}

/// `GET /agencies/{agency}/reports/{period}/indicators/csv`: the same for a spreadsheet.
enum ExportIndicators: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/indicators/csv")
    static let summary = "The nine indicators as a table (CSV, UTF-8)"
    static let access = Access.official(.dossiersRead)
    static let refusals = ReportIndicators.refusals
    static let operation = ReportTable.operation(ReportIndicators.Input.self)

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let report = try await call.indicators(try ReportTable.input(request, path))
        let isEnglish = call.language == .english
        var table = ReportTable(report.agency, report.period, "chi-so", call.language)
        table.add(
            (isEnglish ? ["Code", "Name"] : ["Mã", "Tên"]) + Indicator.allCases.map { $0.title(call.language) }
                + (isEnglish ? ["Total", "Most", "Grade"] : ["Tổng", "Tối đa", "Xếp loại"]))
        for line in report.lines {
            let scores = Indicator.allCases.map { indicator in
                line.scores.first { $0.indicator == indicator.rawValue }?.score ?? ""
            }
            table.add(
                [line.key, line.name ?? ""] + scores
                    + [line.total ?? "", "\(line.most)", line.grade?.title(call.language) ?? ""])
        }
        return table.outgoing
    }
}

/// `GET /agencies/{agency}/reports/{period}/points?of=agency&key=…&indicator=1`: the dossiers behind a score, each with
/// its points and where they come from.
enum ListPoints: Endpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/points")
    static let summary = "The dossiers that make the score of one indicator, with their points and the reason"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.periodNotBegun, .asOfOutside, .quarterOrYear, .indicatorOfAgency]

    struct Input: ListOfReport {
        var request = ReportRequest()
        var of = IndicatorSubject.agency
        var key = ""
        var indicator = 1

        static let fields: [Field<Self>] =
            requestFields + [
                .init("of", \.of, .choice, default: .agency, "What `key` names", in: .query),
                .init(
                    "key", \.key, .text(1...Limits.Reports.key), "The agency or the official of the line", in: .query),
                .init("indicator", \.indicator, .integer(1...9), "Its number: 1, 2, 3, 4, 6 or 7", in: .query),
            ]
    }

    /// Where the points come from: the dates, the requests for papers, what the applicant said, a justified complaint.
    enum Reason: String, CaseIterable, Sendable { case time, requests, applicant, complaint }

    struct Line: Record, Hashable {
        var dossier = DossierID()
        var code: String?
        var dueAt: Date?
        var closedAt = Date(timeIntervalSince1970: 0)
        var points = 0
        var reason = Reason.time

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier"),
            .init("code", \.code, .text(1...60), "Its code"),
            .init("dueAt", \.dueAt, .instant, "The appointment as it stood"),
            .init("closedAt", \.closedAt, .instant, "When it was finished or refused"),
            .init("points", \.points, .integer(0...2), "Its points"),
            .init("reason", \.reason, .choice, "Where they come from"),
        ]
    }

    struct Output: Record {
        var dossiers: [Line] = []
        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "By their ids")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let request = input.request
        let reported = try await call.judged(
            request.agency, request.period, input.of, try? PersonID(input.key), asOf: request.asOf)
        guard let indicator = Indicator(rawValue: input.indicator), IndicatorPoints.ofDossier.contains(input.indicator)
        else { throw Refused.indicatorOfAgency }
        call.logRead(
            of: "dossiers", request.agency.text, purpose: "indicator \(input.indicator) of \(request.period)")
        let rows = try await call.run(reported.points(input.of, input.key, indicator, request))
        var output = Output()
        output.dossiers = try rows.prefix(request.limit).map { row in
            var line = Line()
            (line.dossier, line.code) = (try row("id"), try Dossier.code(row)?.text)
            (line.dueAt, line.closedAt, line.points) = (try row("due_at"), try row("closed_at"), try row("points"))
            line.reason = Reason(rawValue: try row("reason")) ?? .time
            return line
        }
        let query = ["of=\(input.of.rawValue)", "key=\(input.key.asQuery)", "indicator=\(input.indicator)"]
        return Reply(output, next: try request.next(rows, of: reported, "points", query))
    }
}

extension Refused {
    static let quarterOrYear = Refused(
        "onestop.quarter-or-year", 422, vi: "Các chỉ số được đánh giá theo quý hoặc theo năm.",
        en: "The indicators are for a quarter or a year.", field: "period")
    static let indicatorOfAgency = Refused(
        "onestop.indicator-of-agency", 422, vi: "Chỉ số này tính cho cả cơ quan, không theo từng hồ sơ.",
        en: "This indicator is of an agency as a whole and has no dossiers.", field: "indicator")
}
