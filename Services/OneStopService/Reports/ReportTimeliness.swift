import Contracts
import ServiceKit

/// `GET /agencies/{agency}/reports/{period}/timeliness`: what was there, came and became of it, for an agency with
/// those below it, in a month, a quarter or a year.
enum ReportTimeliness: Endpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/timeliness")
    static let summary = "Dossiers of a period by how they stand to their appointments: a balance that adds up"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.periodNotBegun, .asOfOutside, .reportTooLong]

    struct Input: Record {
        var agency = AgencyCode.none
        var period = ReportPeriod()
        var by = ReportGroup.agency
        var asOf: Date?

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "What this agency and those below it received", in: .path),
            .init("period", \.period, .period, "A month, a quarter or a year", in: .path),
            .init("by", \.by, .choice, default: .agency, "By what the lines are told apart", in: .query),
            .init("asOf", \.asOf, .instant, ReportTimeliness.asOfDoc, in: .query),
        ]
    }

    static let asOfDoc =
        "As everything stood before this moment of the period; absent: its end, or now while it runs"

    struct Output: Record {
        var agency = AgencyCode.none
        var period = ReportPeriod()
        var by = ReportGroup.agency
        var asOf = Date(timeIntervalSince1970: 0)
        var final = false
        var lines: [BalanceLine] = []
        var total = Balance()

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency"),
            .init("period", \.period, .period, "The period"),
            .init("by", \.by, .choice, "By what the lines are told apart"),
            .init("asOf", \.asOf, .instant, "What happened then or later does not count"),
            .init("final", \.final, .bool, "Whether the figures can change no more"),
            .init("lines", \.lines, .list(.record, 0...Limits.Reports.lines), "By key"),
            .init("total", \.total, .record, "Of all lines"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        Reply(try await call.timeliness(input))
    }
}

/// The balance of a line. Opening and received together are all the others together (os-204).
struct Balance: Record, Hashable {
    private var counts: [ReportCell: Int] = [:]

    subscript(cell: ReportCell) -> Int {
        get { counts[cell] ?? 0 }
        set { counts[cell] = newValue == 0 ? nil : newValue }
    }

    static let fields: [Field<Self>] = ReportCell.balance.map { cell in
        .init(member(cell), \.[cell], .integer(0...Int.max), cell.title(.english))
    }

    private static func member(_ cell: ReportCell) -> String {
        switch cell {
        case .onTime: "onTime"
        case .inTime: "inTime"
        default: cell.rawValue
        }
    }

    init() {}

    init(_ row: Row) throws {
        for cell in ReportCell.balance { self[cell] = try row(cell.rawValue) }
    }

    var came: Int { ReportCell.came.reduce(0) { $0 + self[$1] } }
    var became: Int { ReportCell.became.reduce(0) { $0 + self[$1] } }

    static func + (left: Balance, right: Balance) -> Balance {
        var sum = left
        for cell in ReportCell.balance { sum[cell] += right[cell] }
        return sum
    }
}

/// A line of the table.
struct BalanceLine: Record, Hashable {
    var key = ""
    var name: String?
    var nameEn: String?
    var balance = Balance()

    static let fields: [Field<Self>] = [
        .init(
            "key", \.key, .text(0...Limits.Reports.key),
            "Code of the agency, the field or the procedure; empty where the law names no field"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name, where there is one"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("balance", \.balance, .record, "Its figures"),
    ]

    init() {}

    init(_ row: Row) throws {
        (key, name, nameEn) = (try row("key"), try row("name"), try row("name_en"))
        balance = try Balance(row)
    }

    func title(_ language: Language) -> String {
        (language == .english ? nameEn ?? name : name) ?? (key.isEmpty ? "–" : key)
    }
}

extension Call {
    func timeliness(_ input: ReportTimeliness.Input) async throws -> ReportTimeliness.Output {
        try await require(.dossiersRead, at: input.agency)
        let reported = try Reported(input.agency, input.period, asOf: input.asOf, now: now)
        let rows = try await run(reported.table(by: input.by))
        guard rows.count <= Limits.Reports.lines else { throw Refused.reportTooLong }
        var output = ReportTimeliness.Output()
        (output.agency, output.period, output.by) = (input.agency, input.period, input.by)
        (output.asOf, output.final) = (reported.asOf, reported.isFinal)
        output.lines = try rows.map(BalanceLine.init)
        output.total = output.lines.reduce(Balance()) { $0 + $1.balance }
        return output
    }
}

/// `GET /agencies/{agency}/reports/{period}/timeliness/csv`: the same for a spreadsheet.
enum ExportTimeliness: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/timeliness/csv")
    static let summary = "The balance of a period as a table (CSV, UTF-8)"
    static let access = Access.official(.dossiersRead)
    static let refusals = ReportTimeliness.refusals
    static let operation = ReportTable.operation(ReportTimeliness.Input.self)

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let report = try await call.timeliness(try ReportTable.input(request, path))
        var table = ReportTable(report.agency, report.period, "dung-han", call.language)
        table.add(
            [call.language == .english ? "Code" : "Mã", call.language == .english ? "Name" : "Tên"]
                + ReportCell.balance.map { $0.title(call.language) })
        for line in report.lines {
            table.add(
                [line.key, line.title(call.language)] + ReportCell.balance.map { "\(line.balance[$0])" })
        }
        table.add(
            ["", call.language == .english ? "Total" : "Tổng"]
                + ReportCell.balance.map { "\(report.total[$0])" })
        return table.outgoing
    }
}

/// A report as a table for spreadsheets, as `CSV` writes them (os-208).
struct ReportTable {
    private let name: String
    private let language: Language
    private var bytes = Array(CSV.mark.utf8)

    init(_ agency: AgencyCode, _ period: ReportPeriod, _ what: String, _ language: Language) {
        name = "bao-cao-\(what)-\(agency)-\(period).csv"
        self.language = language
    }

    mutating func add(_ cells: [String]) { bytes += Array(CSV.row(cells).utf8) }

    var outgoing: Outgoing {
        Outgoing(
            200,
            headers: [
                ("content-type", "text/csv; charset=utf-8"),
                ("content-disposition", "attachment; filename=\"\(name)\""),
                ("content-language", language.rawValue), ("vary", "Accept-Language"),
                ("x-content-type-options", "nosniff"),
            ], body: bytes)
    }

    /// What a table or a page is asked by: path and query, as an `Endpoint` takes them.
    static func input<Input: Record>(_ request: Incoming, _ path: [String: String]) throws(FieldFault) -> Input {
        let members = path.map { ($0.key, $0.value) } + request.queryPairs.map { ($0.name, $0.value) }
        return try Input(decoding: .object(members.map { .init($0.0, .string($0.1)) }), unknown: .refuse)
    }

    static func operation<Input: Record>(_ input: Input.Type, _ type: String = "text/csv") -> JSON {
        [
            "parameters": .array(
                Input.fields.map { field in
                    [
                        "name": .string(field.name), "in": field.source == .path ? "path" : "query",
                        "required": .bool(field.isRequired), "description": .string(field.doc),
                        "schema": field.schema,
                    ]
                }),
            "responses": [
                "200": [
                    "description": "The report", "content": .object([.init(type, ["schema": ["type": "string"]])]),
                ],
                "422": [
                    "description": "The period or another field is not as it must be",
                    "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                ],
            ],
        ]
    }
}
