import Contracts
import ServiceKit

/// A receipt (biên lai thu phí, lệ phí): numbered without gaps per agency, series and year.
struct Receipt: Record {
    /// Money that came over the gateway, and cash at the counter, have books of their own.
    enum Series: String, CaseIterable, Sendable {
        case electronic, cash

        /// Biên lai điện tử, biên lai thu tiền mặt.
        var symbol: String { self == .electronic ? "BLĐT" : "BLTM" }
    }

    var number = ""
    var agency = AgencyCode.none
    var series = Series.electronic
    var year = 0
    var serial = 0
    var demand = DemandID()
    var amount = Money.zero
    var issuedAt = Date(timeIntervalSince1970: 0)
    var voidedAt: Date?
    var voidReason: String?
    var replaces: String?
    var replacedBy: String?

    static let fields: [Field<Self>] = [
        .init("number", \.number, .text(1...40), "As printed: 0000012/BLĐT-2021"),
        .init("agency", \.agency, .agency, "Who issued it"),
        .init("series", \.series, .choice, "Its book: electronic (BLĐT) or cash (BLTM)"),
        .init("year", \.year, .integer(Limits.documentYears), "Year of its book"),
        .init("serial", \.serial, .integer(Limits.Budget.receiptNumber), "Its number in the book, from 1"),
        .init("demand", \.demand, .id, "The demand that it settles"),
        .init("amount", \.amount, .money, "What was collected"),
        .init("issuedAt", \.issuedAt, .instant, "When"),
        .init("voidedAt", \.voidedAt, .instant, "When it was voided (hủy); absent while it counts"),
        .init("voidReason", \.voidReason, .text(1...Limits.noteLength), "Why it was voided; for officials"),
        .init("replaces", \.replaces, .text(1...40), "The void receipt in whose place it was issued"),
        .init("replacedBy", \.replacedBy, .text(1...40), "The receipt in its place, when it is void"),
    ]

    init() {}

    init(_ row: Row) throws {
        agency = try row("agency")
        series = Series(rawValue: try row("series")) ?? .electronic
        year = try row("year")
        serial = try row("number")
        demand = try row("demand")
        amount = try row("amount")
        issuedAt = try row("issued_at")
        number = Self.text(series, year, serial)
        voidedAt = try row("voided_at")
        voidReason = try row("void_reason")
        replaces = try Self.other(row, "before")
        replacedBy = try Self.other(row, "after")
    }

    /// The number of the receipt before or after it, in whichever book and year it was issued.
    private static func other(_ row: Row, _ prefix: String) throws -> String? {
        let name: String? = try row("\(prefix)_series")
        guard let series = name.flatMap(Series.init), let year: Int = try row("\(prefix)_year"),
            let serial: Int = try row("\(prefix)_number")
        else { return nil }
        return text(series, year, serial)
    }

    /// Receipts with what voided and what replaced them; a condition on `r` follows.
    static let selection: SQL = """
        SELECT r.*, v.voided_at, v.reason AS void_reason,
               b.series AS before_series, b.year AS before_year, b.number AS before_number,
               a.series AS after_series, a.year AS after_year, a.number AS after_number
        FROM receipts r LEFT JOIN receipt_voids v ON v.receipt = r.id
        LEFT JOIN receipts b ON b.id = r.replaces LEFT JOIN receipts a ON a.replaces = r.id
        """

    static func text(_ series: Series, _ year: Int, _ serial: Int) -> String {
        let digits = String(serial)
        let zeros = String(repeating: "0", count: max(0, Limits.Budget.receiptDigits - digits.count))
        return "\(zeros)\(digits)/\(series.symbol)-\(year)"
    }
}

extension Work {
    /// The next number of the book, taken in the transaction of the payment: when that fails the number is free again.
    /// - Parameters:
    ///   - agency: whose book it is.
    ///   - voided: the receipt in whose place it is issued.
    func issueReceipt(
        _ series: Receipt.Series, for demand: FeeDemand, at agency: AgencyCode, by actor: String,
        replacing voided: ReceiptID? = nil
    ) async throws -> String {
        let rows = try await run(
            """
            WITH next AS (
                INSERT INTO receipt_counters (agency, series, year, last)
                VALUES (\(agency), \(series.rawValue), \(Int32(today.year)), 1)
                ON CONFLICT (agency, series, year) DO UPDATE SET last = receipt_counters.last + 1
                RETURNING agency, series, year, last
            )
            INSERT INTO receipts (id, agency, series, year, number, demand, amount, issued_at, issued_by,
                                  replaces)
            SELECT \(ReceiptID.new()), agency, series, year, last, \(demand.demand), \(demand.amount), \(now), \(actor),
                   \(voided)::uuid
            FROM next RETURNING number
            """)
        guard let serial: Int = try rows.first?("number") else { throw ReceiptFault.notNumbered(demand.demand) }
        return Receipt.text(series, today.year, serial)
    }
}

enum ReceiptFault: Error { case notNumbered(DemandID) }

/// `GET /receipts`: a book of receipts, in the order of its numbers.
enum ListReceipts: Endpoint {
    static let route = Route.get("/receipts")
    static let summary = "A book of receipts (sổ biên lai) of an agency and year, in the order of its numbers"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var series = Receipt.Series.electronic
        var year: Int?
        var after = 0
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Who issued them", in: .query),
            .init("series", \.series, .choice, default: .electronic, "The book", in: .query),
            .init("year", \.year, .integer(Limits.documentYears), "The year; this one when absent", in: .query),
            .init(
                "after", \.after, .integer(0...Limits.Budget.receiptNumber.upperBound), default: 0,
                "The last number of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var receipts: [Receipt] = []
        static let fields: [Field<Self>] = [
            .init("receipts", \.receipts, .list(.record, 0...Limits.pageMaximum), "The receipts")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        let year = input.year ?? call.today.year
        let rows = try await call.run(
            """
            \(Receipt.selection)
            WHERE r.agency = \(input.agency) AND r.series = \(input.series.rawValue) AND r.year = \(Int32(year))
              AND r.number > \(input.after)
            ORDER BY r.number LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.receipts = try rows.prefix(input.limit).map(Receipt.init)
        guard rows.count > input.limit, let last = output.receipts.last else { return Reply(output) }
        let book = "agency=\(input.agency)&series=\(input.series.rawValue)&year=\(year)"
        return Reply(output, next: "/receipts?\(book)&limit=\(input.limit)&after=\(last.serial)")
    }
}
