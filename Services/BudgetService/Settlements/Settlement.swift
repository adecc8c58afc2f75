import Contracts
import ServiceKit

enum SettlementTag {}
typealias SettlementID = ID<SettlementTag>

/// A quarter of a year (quý), by which agencies settle fees (Decree 61/2018/NĐ-CP, Art. 12.9).
struct Quarter: Hashable, Sendable {
    var year: Int
    var number: Int

    /// Nil for a year of which no book is kept.
    var first: Day? { Day(year: year, month: number * 3 - 2, day: 1) }
    var last: Day? { first.map { $0.adding(months: 3).previous } }
}

/// What an agency collected and gave back in a quarter, by kind and way, and where it goes (os-236).
struct Settlement: Record {
    enum State: String, CaseIterable, Sendable { case open, closed }

    /// Of one kind by one way, in đồng.
    struct Line: Record, Hashable {
        var nature = FeeNature.fee
        var channel = Payment.Channel.counter
        var collected = Money.zero
        var refunded = Money.zero

        static let fields: [Field<Self>] = [
            .init("nature", \.nature, .choice, "Phí or lệ phí"),
            .init("channel", \.channel, .choice, "How it was paid"),
            .init("collected", \.collected, .money, "What was collected"),
            .init("refunded", \.refunded, .money, "What was given back of it, by decision"),
        ]
    }

    /// Of one kind, in đồng.
    struct Share: Record, Hashable {
        var nature = FeeNature.fee
        var brought = Money.zero
        var net = Money.zero
        var due = Money.zero
        var kept = Money.zero
        var carried = Money.zero

        static let fields: [Field<Self>] = [
            .init("nature", \.nature, .choice, "Phí or lệ phí"),
            .init("brought", \.brought, .money, "Brought from the quarter before: zero or less"),
            .init("net", \.net, .money, "Collected less given back"),
            .init("due", \.due, .money, "To be paid to the budget"),
            .init("kept", \.kept, .money, "Kept by the agency"),
            .init("carried", \.carried, .money, "Carried to the next quarter: what more went back than came in"),
        ]
    }

    var settlement: SettlementID?
    var agency = AgencyCode.none
    var year = 0
    var quarter = 1
    var state = State.open
    var from: Day?
    var until = Day.none
    var keptPercent: Int?
    var basis: String?
    var lines: [Line] = []
    var shares: [Share] = []
    var closedAt: Date?
    var treasuryDocument: String?
    var paidToTreasuryAt: Date?

    static let fields: [Field<Self>] = [
        .init("settlement", \.settlement, .id, "The settlement; absent while the quarter is open"),
        .init("agency", \.agency, .agency, "Who collected"),
        .init("year", \.year, .integer(Limits.documentYears), "The year"),
        .init("quarter", \.quarter, .integer(1...4), "The quarter"),
        .init("state", \.state, .choice, "Open, or closed for ever"),
        .init("from", \.from, .day, "First day; absent for all that was before"),
        .init("until", \.until, .day, "Last day"),
        .init("keptPercent", \.keptPercent, .integer(Limits.Budget.keptPercent), "Share of phí that is kept, percent"),
        .init("basis", \.basis, .text(1...Limits.nameLength), "The document that allows it"),
        .init("lines", \.lines, .list(.record, 0...8), "By kind and way"),
        .init("shares", \.shares, .list(.record, 0...2), "By kind; of a closed quarter"),
        .init("closedAt", \.closedAt, .instant, "When it was closed"),
        .init("treasuryDocument", \.treasuryDocument, .text(1...60), "Number of the payment to the budget"),
        .init("paidToTreasuryAt", \.paidToTreasuryAt, .instant, "When it was paid to the budget"),
    ]

    /// What goes where (Law 97/2015/QH13, Art. 12-13): lệ phí goes to the budget whole; of phí a share may be kept,
    /// rounded down to whole đồng. What more went back than came in is carried over (os-237).
    static func share(_ nature: FeeNature, brought: Money, net: Money, keptPercent: Int) throws -> Share {
        var share = Share()
        (share.nature, share.brought, share.net) = (nature, brought, net)
        let rest = try brought + net
        guard rest > .zero else {
            share.carried = rest
            return share
        }
        if nature == .fee {
            share.kept = try Money(Int64(Int128(rest.dong) * Int128(keptPercent) / 100))
        }
        share.due = try rest - share.kept
        return share
    }

    /// The entry of a closing: Debit 3373; Credit 3332 what is due, Credit 514 what is kept, and that also Debit 014.
    static func entry(_ shares: [Share]) throws -> [JournalEntry.Line] {
        let (due, kept) = (try Money.sum(shares.map(\.due)), try Money.sum(shares.map(\.kept)))
        let lines: [JournalEntry.Line] = [
            .init(ChartOfAccounts.feesCollected, .debit, try due + kept),
            .init(ChartOfAccounts.dueToBudget, .credit, due),
            .init(ChartOfAccounts.feesKept, .credit, kept), .init(ChartOfAccounts.feesKeptNoted, .debit, kept),
        ]
        return lines.filter { $0.amount > .zero }
    }
}

extension Session {
    /// What the ledger says was collected and given back in a period, by kind and way. A demand that does not say its
    /// kind is phí: so were all that were published without one.
    func settlementLines(of agency: AgencyCode, from: Day?, until: Day) async throws -> [Settlement.Line] {
        try await run(
            """
            SELECT coalesce(d.nature, 'fee') AS nature, p.channel,
                   coalesce(sum(l.amount) FILTER (WHERE l.side = 'credit'), 0)::bigint AS collected,
                   coalesce(sum(l.amount) FILTER (WHERE l.side = 'debit'), 0)::bigint AS refunded
            FROM journal_lines l JOIN journal_entries e ON e.id = l.entry
            JOIN payments p ON p.id = e.payment JOIN fee_demands d ON d.id = p.demand
            WHERE l.agency = \(agency) AND l.account = \(ChartOfAccounts.feesCollected)
              AND l.day <= \(until) AND (\(from)::date IS NULL OR l.day >= \(from))
            GROUP BY 1, 2 ORDER BY 1 DESC, 2
            """
        ).map(Settlement.Line.init)
    }

    /// The last day that is closed for an agency, and what each kind carries on from it.
    func lastSettled(_ agency: AgencyCode) async throws -> (until: Day?, carried: [FeeNature: Money]) {
        let rows = try await run(
            """
            SELECT s.until, h.nature, h.carried FROM settlements s JOIN settlement_shares h ON h.settlement = s.id
            WHERE s.agency = \(agency) AND s.until = (SELECT max(until) FROM settlements WHERE agency = \(agency))
            """)
        var carried: [FeeNature: Money] = [:]
        for row in rows {
            let nature: String = try row("nature")
            if let nature = FeeNature(rawValue: nature) { carried[nature] = try row("carried") }
        }
        return (try rows.first?("until"), carried)
    }

    /// A closed quarter; nil while it is open.
    func settlement(of agency: AgencyCode, until: Day) async throws -> Settlement? {
        let rows = try await run(
            """
            SELECT s.*, t.document, t.paid_at FROM settlements s LEFT JOIN treasury_payments t ON t.settlement = s.id
            WHERE s.agency = \(agency) AND s.until = \(until)
            """)
        guard var settlement = try rows.first.map(Settlement.init) else { return nil }
        settlement.lines = try await run(
            """
            SELECT nature, channel, collected, refunded FROM settlement_lines
            WHERE settlement = \(settlement.settlement) ORDER BY nature DESC, channel
            """
        ).map(Settlement.Line.init)
        settlement.shares = try await run(
            """
            SELECT nature, brought, net, due, kept, carried FROM settlement_shares
            WHERE settlement = \(settlement.settlement) ORDER BY nature DESC
            """
        ).map(Settlement.Share.init)
        return settlement
    }
}

extension Settlement.Line {
    init(_ row: Row) throws {
        nature = FeeNature(rawValue: try row("nature")) ?? .fee
        channel = Payment.Channel(rawValue: try row("channel")) ?? .counter
        collected = try row("collected")
        refunded = try row("refunded")
    }
}

extension Settlement.Share {
    init(_ row: Row) throws {
        nature = FeeNature(rawValue: try row("nature")) ?? .fee
        brought = try row("brought")
        net = try row("net")
        due = try row("due")
        kept = try row("kept")
        carried = try row("carried")
    }
}

extension Settlement {
    init(_ row: Row) throws {
        settlement = try row("id")
        agency = try row("agency")
        year = try row("year")
        quarter = try row("quarter")
        state = .closed
        from = try row("from_day")
        until = try row("until")
        keptPercent = try row("kept_percent", as: Int.self)
        basis = try row("basis")
        closedAt = try row("closed_at")
        treasuryDocument = try row("document")
        paidToTreasuryAt = try row("paid_at")
    }
}
