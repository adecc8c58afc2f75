import Contracts
import ServiceKit

/// One line of the register of outgoing documents (sổ đăng ký văn bản đi): the ten columns of Decree 30/2020/NĐ-CP,
/// Annex IV, and what leads to the document.
struct RegisterLine: Record, Equatable {
    var document = DocumentID()
    var series = ""
    var order = 1
    var number = ""
    var issuedOn = Day.none
    var abstract = ""
    var signer = ""
    var recipients: [String] = []
    var keptBy: String?
    var copies = 1
    var sentAt = Date(timeIntervalSince1970: 0)
    var receipt: String?
    var note: String?

    static let fields: [Field<Self>] = [
        .init("document", \.document, .id, "The document"),
        .init("series", \.series, .text(1...Limits.Documents.seriesName), "Series"),
        .init("order", \.order, .integer(Limits.documentNumber), "Number within series and year, without a gap"),
        .init("number", \.number, .text(1...Limits.documentNumberLength), "1: number and symbol"),
        .init("issuedOn", \.issuedOn, .day, "2: date of the document"),
        .init("abstract", \.abstract, .text(1...Limits.noteLength), "3: type and abstract"),
        .init("signer", \.signer, .text(0...Limits.nameLength), "4: who signed"),
        .init(
            "recipients", \.recipients, .list(.text(1...200), 0...Limits.Documents.recipients), "5: where it went"),
        .init("keptBy", \.keptBy, .text(1...200), "6: who keeps the file copy"),
        .init("copies", \.copies, .integer(1...Limits.Documents.copies), "7: number of copies"),
        .init("sentAt", \.sentAt, .instant, "8: when it was sent"),
        .init("receipt", \.receipt, .text(1...200), "9: receipt; only paper has one"),
        .init("note", \.note, .text(1...Limits.noteLength), "10: note"),
    ]

    init() {}

    init(_ row: Row) throws {
        let content = try Content(row)
        document = try row("id")
        series = try row("series")
        order = try row("number")
        number = try DocumentNumber(order, symbol: try row("symbol")).text
        issuedOn = try row("issued_on")
        abstract = "\(content.form.vietnamese): \(content.subject)"
        signer = try row("signer_name") ?? ""
        recipients = content.recipients
        keptBy = content.keptBy
        copies = content.copies
        sentAt = try row("issued_at")
        note = content.note
    }
}

extension Session {
    /// The lines of a year after (`series`, `order`), in the order of the book.
    func register(
        of agency: AgencyCode, year: Int, series: String?, after: (series: String, order: Int), limit: Int
    ) async throws -> [RegisterLine] {
        let rows = try await run(
            """
            SELECT * FROM documents
            WHERE agency = \(agency) AND year = \(year) AND (series, number) > (\(after.series), \(after.order))
              AND (\(series)::text IS NULL OR series = \(series))
            ORDER BY series, number LIMIT \(limit)
            """)
        return try rows.map(RegisterLine.init)
    }
}

/// `GET /agencies/{agency}/register`: page by page.
enum ReadRegister: Endpoint {
    static let route = Route.get("/agencies/{agency}/register")
    static let summary = "The register of outgoing documents (sổ văn bản đi) of an agency and year"
    static let access = Access.official(.documentsRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var year: Int?
        var series: String?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The issuing agency", in: .path),
            .init("year", \.year, .integer(Limits.documentYears), "The year; this one when absent", in: .query),
            .init(
                "series", \.series, .text(1...Limits.Documents.seriesName, pattern: Book.name), "Only this series",
                in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var year = 0
        var lines: [RegisterLine] = []
        static let fields: [Field<Self>] = [
            .init("year", \.year, .integer(Limits.documentYears), "The year"),
            .init("lines", \.lines, .list(.record, 0...Limits.pageMaximum), "By series and number"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.documentsRead, inChargeOf: input.agency)
        call.logRead(of: "documents", input.agency.text, purpose: "register")
        let after = try place(Cursor(input.cursor))
        var output = Output()
        output.year = input.year ?? call.today.year
        let lines = try await call.runtime.database.register(
            of: input.agency, year: output.year, series: input.series, after: after, limit: input.limit + 1)
        output.lines = Array(lines.prefix(input.limit))
        guard lines.count > input.limit, let last = output.lines.last else { return Reply(output) }
        let cursor = Cursor(parts: [last.series, "\(last.order)"])
        var next = "/agencies/\(input.agency)/register?year=\(output.year)&limit=\(input.limit)&cursor=\(cursor)"
        if let series = input.series { next += "&series=\(series)" }
        return Reply(output, next: next)
    }

    static func place(_ cursor: Cursor) throws(FieldFault) -> (series: String, order: Int) {
        if cursor.text.isEmpty { return ("", 0) }
        guard let parts = cursor.parts(2), let order = Int(parts[1]) else {
            throw Cursor.foreign
        }
        return (parts[0], order)
    }
}
