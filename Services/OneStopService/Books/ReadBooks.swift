import Contracts
import Files
import ServiceKit
import Typesetting

/// `GET /agencies/{agency}/books/{year}`: the six books, how many lines they have, and whether they are closed.
enum ListBooks: Endpoint {
    static let route = Route.get("/agencies/{agency}/books/{year}")
    static let summary = "The six yearly books of an agency: lines, and when they were closed"
    static let access = Access.official(.dossiersRead)

    struct Listed: Record {
        var form = ""
        var title = ""
        var lines = 0
        var closedAt: Date?
        var sha256: String?

        static let fields: [Field<Self>] = [
            .init("form", \.form, .text(2...2), "Number of the form, 01 to 06"),
            .init("title", \.title, .text(1...Limits.nameLength), "Vietnamese name"),
            .init("lines", \.lines, .integer(0...Int.max), "How many lines, also the last number"),
            .init("closedAt", \.closedAt, .instant, "When it was closed; absent while it is open"),
            .init("sha256", \.sha256, .text(64...64), "Of the closed book as a table (CSV)"),
        ]
    }

    struct Output: Record {
        var books: [Listed] = []
        static let fields: [Field<Self>] = [.init("books", \.books, .list(.record, 0...6), "By form")]
    }

    static func handle(_ input: CloseBooks.Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.dossiersRead, at: input.agency)
        return Reply(try await call.runtime.database.books(of: input.agency, input.year))
    }
}

extension Session {
    func books(of agency: AgencyCode, _ year: Int) async throws -> ListBooks.Output {
        var (numbers, closed): ([String: Int], [Int: (Date, String)]) = ([:], [:])
        for row in try await run(
            "SELECT series, last FROM book_counters WHERE agency = \(agency) AND year = \(Int32(year))")
        {
            let series: String = try row("series")
            numbers[series] = try row("last", as: Int.self)
        }
        for row in try await run(
            "SELECT form, closed_at, sha256 FROM closed_books WHERE agency = \(agency) AND year = \(Int32(year))")
        {
            let form: Int = try row("form")
            closed[form] = (try row("closed_at"), try row("sha256"))
        }
        var output = ListBooks.Output()
        output.books = Form.allCases.map { form in
            var book = ListBooks.Listed()
            (book.form, book.title) = (form.number, form.title)
            book.lines = numbers[form.series.rawValue] ?? 0
            (book.closedAt, book.sha256) = (closed[form.rawValue]?.0, closed[form.rawValue]?.1)
            return book
        }
        return output
    }
}

/// `GET /agencies/{agency}/books/{year}/{form}/csv`: a book for a spreadsheet.
enum ExportBook: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/books/{year}/{form}/csv")
    static let summary = "A yearly book of an agency as a table (CSV, UTF-8)"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.bookTooLong]
    static let operation = BookRequest.operation("text/csv", ["type": "string"])

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let asked = try await BookRequest(request, path, call)
        var (bytes, next) = (Array((CSV.mark + CSV.row(asked.form.titles)).utf8), asked.from)
        while true {
            let lines = try await asked.lines(from: next, limit: Limits.OneStop.bookBatch, call)
            for line in lines { bytes += Array(CSV.row(line.cells).utf8) }
            guard lines.count == Limits.OneStop.bookBatch, let last = lines.last else { break }
            next = last.number + 1
            guard next - asked.from < Limits.OneStop.bookLines else { throw Refused.bookTooLong }
        }
        return asked.answer("text/csv; charset=utf-8", "csv", bytes)
    }
}

/// `GET /agencies/{agency}/books/{year}/{form}/pdf`: a book on A4, so many lines at a time.
enum PrintBook: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/books/{year}/{form}/pdf")
    static let summary = "A yearly book of an agency as PDF on A4, from a number on"
    static let access = Access.official(.dossiersRead)
    static let operation = BookRequest.operation("application/pdf", ["type": "string", "format": "binary"])

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let asked = try await BookRequest(request, path, call)
        let lines = try await asked.lines(from: asked.from, limit: Limits.OneStop.bookPrint, call)
        let names = try await call.names(of: asked.agency)
        let document = asked.document(lines, agency: names.name, parent: names.parent)
        let bytes = try await call.resource(Workbench.self).run { try PDF.make(document) }
        return asked.answer(MediaType.pdf.rawValue, "pdf", bytes)
    }
}

/// Which book is asked for, by somebody who may read it.
struct BookRequest: Sendable {
    let agency: AgencyCode
    let year: Int
    let form: Form
    let from: Int
    let closedAt: Date?
    private let now: Date

    init(_ request: Incoming, _ path: [String: String], _ call: Call) async throws {
        guard let agency = path["agency"].flatMap({ try? AgencyCode($0) }),
            let form = path["form"].flatMap({ Form(number: $0) }),
            let year = path["year"].flatMap(Int.init), Limits.documentYears.contains(year)
        else { throw Refused.notFound }
        try await call.require(.dossiersRead, at: agency)
        call.logRead(of: "book", "\(agency) \(year) \(form.number)", purpose: "book")
        (self.agency, self.form, self.year, now) = (agency, form, year, call.now)
        from = try Self.from(request)
        closedAt = try await call.runtime.database.closing(of: agency, year)
    }

    private static func from(_ request: Incoming) throws(FieldFault) -> Int {
        guard let text = request.queryPairs.last(where: { $0.name == "from" })?.value else { return 1 }
        guard let from = Int(text), (1...Int(Int32.max)).contains(from) else {
            throw FieldFault("range", field: "from", vi: "phải là số từ 1", en: "must be a number from 1 on")
        }
        return from
    }

    func lines(from: Int, limit: Int, _ call: Call) async throws -> [BookLine] {
        try await call.runtime.database.book(
            form, of: agency, year, from: from, limit: limit, closed: closedAt != nil)
    }

    func answer(_ type: String, _ ending: String, _ bytes: [UInt8]) -> Outgoing {
        Outgoing(
            200,
            headers: [
                ("content-type", type),
                ("content-disposition", "attachment; filename=\"so-\(form.number)-\(agency)-\(year).\(ending)\""),
                ("x-content-type-options", "nosniff"),
            ], body: bytes)
    }

    /// On A4: who keeps it, which book it is, its lines, and when it was closed.
    func document(_ lines: [BookLine], agency name: String, parent: String?) -> Typesetting.Document {
        let columns = form.columns.enumerated().map { index, column in
            Table.Column(column.0, column.1, index == 0 ? .center : .left)
        }
        let issuer = [parent, name].compactMap { $0?.uppercased() }.enumerated().map { index, line in
            Block.text(
                Paragraph(Run(line, bold: index > 0 || parent == nil), size: 11, alignment: .center, before: 0.2))
        }
        let state = closedAt.map { "Đã khóa sổ lúc \($0.inTables)." } ?? "Sổ chưa khóa."
        let title = form == .book ? form.title : "Sổ \(form.title.lowercased())"
        let range =
            lines.last.map { " (từ số \(BookSeries.written(from)) đến số \(BookSeries.written($0.number)))" } ?? ""
        return Typesetting.Document(
            title: "\(title) năm \(year)", author: name, date: closedAt ?? now, paper: .a4Lying,
            foot: "Mẫu số \(form.number) · \(agency) · năm \(year)",
            [
                .beside([Side(1, issuer), Side(1, Self.nation)]), .space(3),
                .text(Paragraph(.bold(title.uppercased()), size: 14, alignment: .center)),
                .text(Paragraph("Năm \(year)\(range)", size: 11, alignment: .center)), .space(2),
                .table(Table(columns, rows: lines.map { $0.cells.map { [Run($0)] } }, size: form == .book ? 8 : 9)),
                .text(Paragraph(.italic(state), size: 10, alignment: .left, before: 2)),
            ])
    }

    private static let nation: [Block] = [
        .text(Paragraph(.bold("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), size: 11, alignment: .center, before: 0)),
        .text(Paragraph(.bold("Độc lập - Tự do - Hạnh phúc"), size: 12, alignment: .center, before: 0.2)),
        .rule(width: 46),
    ]

    static func operation(_ type: String, _ schema: JSON) -> JSON {
        [
            "parameters": [
                parameter(
                    "agency", "The agency",
                    [
                        "type": "string", "minLength": 1, "maxLength": .integer(Int64(Limits.agencyCodeLength)),
                    ]),
                parameter(
                    "year", "The year",
                    [
                        "type": "integer", "minimum": .integer(Int64(Limits.documentYears.lowerBound)),
                        "maximum": .integer(Int64(Limits.documentYears.upperBound)),
                    ]),
                parameter(
                    "form", "Number of the form",
                    [
                        "type": "string", "enum": .array(Form.allCases.map { .string($0.number) }),
                    ]),
                [
                    "name": "from", "in": "query", "required": false, "description": "First number; 1 when absent",
                    "schema": ["type": "integer", "minimum": 1, "maximum": .integer(Int64(Int32.max))],
                ],
            ],
            "responses": [
                "200": ["description": "The book, by number", "content": .object([.init(type, ["schema": schema])])],
                "422": [
                    "description": "`from` is no number",
                    "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                ],
            ],
        ]
    }

    private static func parameter(_ name: String, _ words: String, _ schema: JSON) -> JSON {
        ["name": .string(name), "in": "path", "required": true, "description": .string(words), "schema": schema]
    }
}

extension Refused {
    static let bookTooLong = Refused(
        "onestop.book-too-long", vi: "Sổ có quá nhiều dòng để xuất một lần; hãy xuất tiếp từ số sau bằng “from”.",
        en: "The book is too long for one table; go on from a later number with “from”.")
}
