import Contracts
import ServiceKit

enum EntryTag {}
typealias EntryID = ID<EntryTag>

/// An entry of the journal (bút toán): what happened, the document that proves it, and its lines.
struct JournalEntry: Record {
    /// What made it.
    enum Occasion: String, CaseIterable, Sendable {
        case feeCollected = "fee-collected"
        case receivedToRefund = "received-to-refund"
        case refunded
        case feeRefundApproved = "fee-refund-approved"
        case feeRefundPaid = "fee-refund-paid"
        case postHandedOver = "post-handed-over"
        case quarterSettled = "quarter-settled"
        case paidToTreasury = "paid-to-treasury"
    }

    enum Side: String, CaseIterable, Sendable { case debit, credit }

    struct Line: Record, Equatable {
        var account = ""
        var side = Side.debit
        var amount = Money.zero

        static let fields: [Field<Self>] = [
            .init("account", \.account, .text(3...10), "Account of the chart"),
            .init("side", \.side, .choice, "Debit (Nợ) or credit (Có)"),
            .init("amount", \.amount, .money, "Whole đồng, above zero"),
        ]

        init() {}

        init(_ account: String, _ side: Side, _ amount: Money) {
            (self.account, self.side, self.amount) = (account, side, amount)
        }
    }

    var entry = EntryID()
    var agency = AgencyCode.none
    var day = Day.none
    var chart = ""
    var kind = Occasion.feeCollected
    var document = ""
    var payment: PaymentID?
    var lines: [Line] = []
    var postedAt = Date(timeIntervalSince1970: 0)

    static let fields: [Field<Self>] = [
        .init("entry", \.entry, .id, "The entry"),
        .init("agency", \.agency, .agency, "Whose ledger"),
        .init("day", \.day, .day, "Day of posting"),
        .init("chart", \.chart, .text(1...40), "The chart of accounts in force on that day"),
        .init("kind", \.kind, .choice, "What made it"),
        .init(
            "document", \.document, .text(1...Limits.Budget.referenceLength),
            "Receipt, reference of the payment, or payment order"),
        .init("payment", \.payment, .id, "The payment booked; absent where the entry is about many"),
        .init("lines", \.lines, .list(.record, 1...Limits.Budget.lines), "Debits and credits"),
        .init("postedAt", \.postedAt, .instant, "When"),
    ]

    /// Whose ledger, and what the entry is about: a payment, something else, or something else about a payment.
    struct About: Sendable {
        var agency: AgencyCode
        var payment: PaymentID?
        var cause: UUID?
    }

    init() {}

    /// Debits equal credits, accounts outside of the balance excepted. The database checks the same at commit.
    static func balances(_ lines: [Line]) -> Bool {
        let counted = lines.filter { !ChartOfAccounts.isOffBalance($0.account) }
        let difference = counted.reduce(Int128(0)) { sum, line in
            line.side == .debit ? sum + Int128(line.amount.dong) : sum - Int128(line.amount.dong)
        }
        return !lines.isEmpty && difference == 0 && lines.allSatisfy { $0.amount > .zero }
    }
}

/// What may be wrong with an entry before it is written: a fault of ours, never of a caller.
enum LedgerFault: Error, Equatable {
    case unbalanced(kind: String)
    /// No chart is in force on this day.
    case noChart(Day)
}

extension Work {
    /// Posts an entry about a payment on today's page of the agency's ledger.
    func post(
        _ kind: JournalEntry.Occasion, of payment: Payment, document: String, lines: [JournalEntry.Line],
        by actor: String
    ) async throws {
        let about = JournalEntry.About(agency: payment.agency, payment: payment.payment)
        try await post(kind, about, on: today, document: document, lines: lines, by: actor)
    }

    /// Posts an entry; in a closed quarter it lands on the first day of the next (os-236).
    func post(
        _ kind: JournalEntry.Occasion, _ about: JournalEntry.About, on day: Day, document: String,
        lines: [JournalEntry.Line], by actor: String
    ) async throws {
        guard JournalEntry.balances(lines) else { throw LedgerFault.unbalanced(kind: kind.rawValue) }
        let (accounts, sides) = (lines.map(\.account), lines.map(\.side.rawValue))
        let written = try await run(
            """
            WITH entry AS (
                INSERT INTO journal_entries (id, agency, day, chart, kind, document, payment, cause, line_count,
                                             posted_at, posted_by)
                SELECT \(UUID.v7()), \(about.agency), \(day), chart, \(kind.rawValue), \(document),
                       \(about.payment)::uuid, \(about.cause)::uuid, \(lines.count), \(now), \(actor)
                FROM charts WHERE valid_from <= \(day) ORDER BY valid_from DESC LIMIT 1
                RETURNING id, agency, day, chart
            )
            INSERT INTO journal_lines (entry, line, agency, day, chart, account, side, amount)
            SELECT e.id, l.line, e.agency, e.day, e.chart, l.account, l.side, l.amount
            FROM entry e, unnest(\(accounts), \(sides), \(lines.map(\.amount)))
                WITH ORDINALITY AS l (account, side, amount, line)
            """)
        guard written.affected == lines.count else { throw LedgerFault.noChart(day) }
    }
}
