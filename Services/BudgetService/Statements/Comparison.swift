import Contracts
import ServiceKit

/// One line of a comparison: of the statement, of our payments, or of both (os-239).
struct Comparison: Record {
    enum Outcome: String, CaseIterable, Sendable {
        case matched
        case amountDiffers = "amount-differs"
        case missingHere = "missing-here"
        case missingThere = "missing-there"
        case duplicate

        var vietnamese: String {
            switch self {
            case .matched: "Khớp"
            case .amountDiffers: "Lệch số tiền"
            case .missingHere: "Sao kê có, hệ thống không có"
            case .missingThere: "Hệ thống có, sao kê không có"
            case .duplicate: "Trùng trong sao kê"
            }
        }

        var english: String {
            switch self {
            case .matched: "Matched"
            case .amountDiffers: "Amount differs"
            case .missingHere: "Missing here"
            case .missingThere: "Missing there"
            case .duplicate: "Duplicate"
            }
        }
    }

    var line: Int?
    var outcome = Outcome.matched
    var reference = ""
    var day = Day.none
    var amount: Money?
    var booked: Money?
    var payment: PaymentID?

    static let fields: [Field<Self>] = [
        .init("line", \.line, .integer(1...Int.max), "Line of the file; absent for what it does not name"),
        .init(
            "outcome", \.outcome, .choice,
            "Matched; another amount; no payment here; not in the statement; a reference that stood in it before"),
        .init("reference", \.reference, .text(1...Limits.Budget.referenceLength), "The reference"),
        .init("day", \.day, .day, "The day there; for what it does not name the day here"),
        .init("amount", \.amount, .money, "The amount there"),
        .init("booked", \.booked, .money, "The amount here"),
        .init("payment", \.payment, .id, "Our payment"),
    ]

    init() {}

    init(_ row: Row) throws {
        let line: Int32? = try row("line")
        self.line = line.map(Int.init)
        outcome = Outcome(rawValue: try row("outcome")) ?? .missingHere
        reference = try row("reference")
        day = try row("day")
        amount = try row("amount")
        booked = try row("booked")
        payment = try row("payment")
    }

    /// A statement beside the payments of its agency and channel as they are now: by reference, the first line of each,
    /// and the payments of its days whose reference it does not name.
    static func of(_ statement: StatementID) -> SQL {
        """
        SELECT l.line, l.reference, l.day, l.amount, p.amount AS booked, p.id AS payment,
               CASE WHEN l.nth > 1 THEN 'duplicate' WHEN p.id IS NULL THEN 'missing-here'
                    WHEN p.amount <> l.amount THEN 'amount-differs' ELSE 'matched' END AS outcome
        FROM statements s
        JOIN (SELECT *, row_number() OVER (PARTITION BY reference ORDER BY line) AS nth
              FROM statement_lines WHERE statement = \(statement)) l ON l.statement = s.id
        LEFT JOIN payments p ON p.channel = s.channel AND p.reference = l.reference AND p.agency = s.agency
        WHERE s.id = \(statement)
        UNION ALL
        SELECT NULL, p.reference, (p.paid_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, NULL, p.amount, p.id,
               'missing-there'
        FROM statements s JOIN payments p ON p.agency = s.agency AND p.channel = s.channel
        WHERE s.id = \(statement)
          AND p.paid_at >= s.from_day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          AND p.paid_at < (s.until + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          AND NOT EXISTS (SELECT FROM statement_lines l WHERE l.statement = s.id AND l.reference = p.reference)
        """
    }
}

/// `GET /statements/{statement}`.
enum ReadStatement: Endpoint {
    static let route = Route.get("/statements/{statement}")
    static let summary = "A statement that was taken in, and what comparing it comes to now"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var statement = StatementID()
        static let fields: [Field<Self>] = [.init("statement", \.statement, .id, "The statement", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Statement> {
        guard let statement = try await call.runtime.database.statement(input.statement) else { throw Refused.notFound }
        try await call.require(.ledgerRead, inChargeOf: statement.agency)
        return Reply(statement)
    }
}

/// `GET /statements/{statement}/lines`: the comparison line by line, what the statement does not name at the end.
enum CompareStatement: Endpoint {
    static let route = Route.get("/statements/{statement}/lines")
    static let summary = "A statement compared with the payments, line by line"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var statement = StatementID()
        var outcome: Comparison.Outcome?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("statement", \.statement, .id, "The statement", in: .path),
            .init("outcome", \.outcome, .choice, "Only these", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var lines: [Comparison] = []
        static let fields: [Field<Self>] = [
            .init("lines", \.lines, .list(.record, 0...Limits.pageMaximum), "The lines")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let known = try await call.run("SELECT agency FROM statements WHERE id = \(input.statement)")
        guard let agency: AgencyCode = try known.first?("agency") else { throw Refused.notFound }
        try await call.require(.ledgerRead, inChargeOf: agency)
        let (line, payment) = try place(of: Cursor(input.cursor))
        let rows = try await call.runtime.database.comparison(
            input.statement, input.outcome, after: line, payment, limit: input.limit + 1)
        var output = Output()
        output.lines = Array(rows.prefix(input.limit))
        guard rows.count > input.limit, let last = output.lines.last else { return Reply(output) }
        let cursor = Cursor(parts: ["\(last.line ?? Int(Int32.max))", (last.payment ?? PaymentID()).text])
        var next = "/statements/\(input.statement)/lines?limit=\(input.limit)&cursor=\(cursor)"
        if let outcome = input.outcome { next += "&outcome=\(outcome.rawValue)" }
        return Reply(output, next: next)
    }

    static func place(of cursor: Cursor) throws(FieldFault) -> (Int, PaymentID) {
        guard !cursor.text.isEmpty else { return (0, PaymentID()) }
        guard let parts = cursor.parts(2), let line = Int(parts[0]), (0...Int(Int32.max)).contains(line) else {
            throw Cursor.foreign
        }
        return (line, try PaymentID(parts[1]))
    }
}

extension Session {
    /// Lines by number, then what the statement does not name by payment.
    func comparison(
        _ statement: StatementID, _ outcome: Comparison.Outcome?, after line: Int, _ payment: PaymentID, limit: Int
    ) async throws -> [Comparison] {
        try await run(
            """
            SELECT * FROM (
                SELECT *, coalesce(line, \(Int32.max)) AS place, coalesce(payment, \(PaymentID())) AS which
                FROM (\(Comparison.of(statement))) c
                WHERE \(outcome?.rawValue)::text IS NULL OR outcome = \(outcome?.rawValue)) c
            WHERE (place, which) > (\(Int32(line)), \(payment)) ORDER BY place, which LIMIT \(limit)
            """
        ).map(Comparison.init)
    }
}

/// `GET /statements/{statement}/csv`: the whole comparison for a spreadsheet.
enum ExportComparison: RawEndpoint {
    static let route = Route.get("/statements/{statement}/csv")
    static let summary = "A statement compared with the payments, as a table (CSV, UTF-8)"
    static let access = Access.official(.ledgerRead)
    static let refusals = [Refused.comparisonTooLong]
    static let operation: JSON = [
        "parameters": [
            [
                "name": "statement", "in": "path", "required": true, "description": "The statement",
                "schema": ["type": "string", "format": "uuid"],
            ]
        ],
        "responses": [
            "200": [
                "description": "One line each, what the statement does not name at the end",
                "content": ["text/csv": ["schema": ["type": "string"]]],
            ]
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let id = try? StatementID(path["statement"] ?? "") else { throw Refused.notFound }
        let known = try await call.run("SELECT agency, from_day, until FROM statements WHERE id = \(id)")
        guard let row = known.first else { throw Refused.notFound }
        let (agency, from): (AgencyCode, Day) = (try row("agency"), try row("from_day"))
        try await call.require(.ledgerRead, inChargeOf: agency)
        let most = Limits.Budget.statementRows * 2
        let lines = try await call.runtime.database.comparison(id, nil, after: 0, PaymentID(), limit: most + 1)
        guard lines.count <= most else { throw Refused.comparisonTooLong }
        let table = CSV.mark + ([titles(call.language)] + lines.map { cells($0, call.language) }).map(CSV.row).joined()
        return Outgoing(
            200,
            headers: [
                ("content-type", "text/csv; charset=utf-8"),
                ("content-disposition", "attachment; filename=\"doi-soat-\(agency)-\(from).csv\""),
                ("x-content-type-options", "nosniff"),
            ], body: Array(table.utf8))
    }

    static func titles(_ language: Language) -> [String] {
        language == .english
            ? ["Line", "Reference", "Date", "Amount there", "Amount here", "Outcome"]
            : ["Dòng", "Mã tham chiếu", "Ngày", "Số tiền trong sao kê", "Số tiền đã ghi", "Kết quả"]
    }

    static func cells(_ line: Comparison, _ language: Language) -> [String] {
        [
            line.line.map { "\($0)" } ?? "", line.reference, line.day.text, line.amount.map { "\($0.dong)" } ?? "",
            line.booked.map { "\($0.dong)" } ?? "",
            language == .english ? line.outcome.english : line.outcome.vietnamese,
        ]
    }
}

extension Refused {
    static let comparisonTooLong = Refused(
        "budget.comparison-too-long", vi: "Kết quả đối soát quá dài để xuất một lần; hãy đọc theo trang.",
        en: "The comparison is too long for one table; read it page by page.")
}
