import Contracts
import ServiceKit

/// Which quarter of which agency.
struct QuarterPath: Record {
    var agency = AgencyCode.none
    var year = 0
    var quarter = 1

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "Who collected", in: .path),
        .init("year", \.year, .integer(Limits.documentYears), "The year", in: .path),
        .init("quarter", \.quarter, .integer(1...4), "The quarter", in: .path),
    ]

    /// Its last day.
    var until: Day {
        get throws(Refused) {
            guard let last = Quarter(year: year, number: quarter).last else { throw .notFound }
            return last
        }
    }
}

/// `GET /agencies/{agency}/settlements/{year}/{quarter}`: a closed quarter as it was settled, or what an open one has
/// come to so far.
enum ReadSettlement: Endpoint {
    static let route = Route.get("/agencies/{agency}/settlements/{year}/{quarter}")
    static let summary = "The settlement of a quarter: collected, given back, due to the budget, kept"
    static let access = Access.official(.ledgerRead)
    static let refusals = [Refused.quarterInLater]

    static func handle(_ input: QuarterPath, _ call: Call) async throws -> Reply<Settlement> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        let (database, until) = (call.runtime.database, try input.until)
        if let closed = try await database.settlement(of: input.agency, until: until) { return Reply(closed) }
        let last = try await database.lastSettled(input.agency)
        guard last.until.map({ $0 < until }) ?? true else { throw Refused.quarterInLater }
        var open = Settlement()
        (open.agency, open.year, open.quarter, open.until) = (input.agency, input.year, input.quarter, until)
        open.from = last.until?.next
        open.lines = try await database.settlementLines(of: input.agency, from: open.from, until: until)
        return Reply(open)
    }
}

/// `POST /agencies/{agency}/settlements/{year}/{quarter}/close`: the quarterly settlement (quyết toán quý), once. It
/// takes all since the last one; what is written later lands in the next quarter. The amounts are the ledger's: a
/// settlement that does not come to what stands on account 3373 is not made (os-236).
enum CloseQuarter: Endpoint {
    static let route = Route.post("/agencies/{agency}/settlements/{year}/{quarter}/close")
    static let summary = "Close the settlement of a quarter for ever: what goes to the budget, and what is kept"
    static let access = Access.official(.feesApprove)
    static let refusals = [
        Refused.quarterNotOver, .quarterClosed, .quarterInLater, .keptBasis, .settlementDiffers,
    ]

    struct Input: Record {
        var quarter = QuarterPath()
        var keptPercent = 0
        var basis: String?

        static let fields: [Field<Self>] = [
            .init("agency", \.quarter.agency, .agency, "Who collected", in: .path),
            .init("year", \.quarter.year, .integer(Limits.documentYears), "The year", in: .path),
            .init("quarter", \.quarter.quarter, .integer(1...4), "The quarter", in: .path),
            .init(
                "keptPercent", \.keptPercent, .integer(Limits.Budget.keptPercent), default: 0,
                "Share of phí that the agency keeps, in percent; lệ phí goes to the budget whole"),
            .init(
                "basis", \.basis, .text(1...Limits.nameLength), "The document that allows it; needed when any is kept"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Settlement> {
        let (agency, until) = (input.quarter.agency, try input.quarter.until)
        try await call.require(.feesApprove, inChargeOf: agency)
        return try await call.transaction { work in
            // Entries that are being written are waited for, and later ones wait (journal_entry_lands).
            try await work.run("SELECT pg_advisory_xact_lock(hashtextextended('ledger ' || \(agency), 0))")
            guard try await work.settlement(of: agency, until: until) == nil else { throw Refused.quarterClosed }
            let last = try await work.lastSettled(agency)
            try decide(input, until: until, last: last.until, now: work.now)
            var made = Settlement()
            (made.settlement, made.agency, made.year) = (.new(), agency, input.quarter.year)
            (made.quarter, made.state, made.from) = (input.quarter.quarter, .closed, last.until?.next)
            (made.until, made.keptPercent, made.basis) = (until, input.keptPercent, input.basis)
            made.closedAt = work.now
            made.lines = try await work.settlementLines(of: agency, from: made.from, until: until)
            made.shares = try FeeNature.allCases.map { nature in
                let lines = made.lines.filter { $0.nature == nature }
                let net = try Money.sum(lines.map { try $0.collected - $0.refunded })
                return try Settlement.share(
                    nature, brought: last.carried[nature] ?? .zero, net: net, keptPercent: input.keptPercent)
            }
            try await tie(made, work)
            try await write(made, work)
            return Reply(made)
        }
    }

    static func decide(_ input: Input, until: Day, last: Day?, now: Date) throws(Refused) {
        if let last, until < last { throw .quarterInLater }
        guard now >= until.next.start.addingTimeInterval(Limits.Budget.settlementGrace) else { throw .quarterNotOver }
        guard input.keptPercent == 0 || input.basis != nil else { throw .keptBasis }
    }

    /// Everything that stands on the account of collected fees at the end of the quarter is what is settled now.
    private static func tie(_ made: Settlement, _ work: Work) async throws {
        let rows = try await work.run(
            """
            SELECT coalesce(sum(CASE side WHEN 'credit' THEN amount ELSE -amount END), 0)::bigint AS balance
            FROM journal_lines
            WHERE agency = \(made.agency) AND account = \(ChartOfAccounts.feesCollected) AND day <= \(made.until)
            """)
        let ledger: Money = try rows.first?("balance") ?? .zero
        let counted = try Money.sum(made.shares.map { try $0.brought + $0.net })
        guard counted == ledger else {
            work.log.error(
                "a settlement differs from the account of collected fees",
                metadata: ["agency": "\(made.agency)", "counted": "\(counted.dong)", "ledger": "\(ledger.dong)"])
            throw Refused.settlementDiffers
        }
    }

    private static func write(_ made: Settlement, _ work: Work) async throws {
        guard let id = made.settlement else { throw Refused.notFound }
        let lines = try Settlement.entry(made.shares)
        if !lines.isEmpty {
            try await work.post(
                .quarterSettled, .init(agency: made.agency, payment: nil, cause: id.uuid), on: made.until,
                document: "Q\(made.quarter)/\(made.year)", lines: lines, by: work.actor)
        }
        try await work.post(
            """
            INSERT INTO settlements (id, agency, year, quarter, from_day, until, kept_percent, basis, closed_at,
                                     closed_by)
            VALUES (\(id), \(made.agency), \(Int32(made.year)), \(Int32(made.quarter)), \(made.from), \(made.until),
                    \(Int32(made.keptPercent ?? 0)), \(made.basis), \(work.now), \(work.actor))
            """)
        for line in made.lines {
            try await work.post(
                """
                INSERT INTO settlement_lines (settlement, nature, channel, collected, refunded)
                VALUES (\(id), \(line.nature.rawValue), \(line.channel.rawValue), \(line.collected), \(line.refunded))
                """)
        }
        for share in made.shares {
            try await work.post(
                """
                INSERT INTO settlement_shares (settlement, nature, brought, net, due, kept, carried)
                VALUES (\(id), \(share.nature.rawValue), \(share.brought), \(share.net), \(share.due), \(share.kept),
                        \(share.carried))
                """)
        }
    }
}

/// `POST /agencies/{agency}/settlements/{year}/{quarter}/pay-treasury`: what is due was paid to the budget (nộp ngân
/// sách nhà nước), once: Debit 3332, Credit 112 or 1111.
enum PayTreasury: Endpoint {
    static let route = Route.post("/agencies/{agency}/settlements/{year}/{quarter}/pay-treasury")
    static let summary = "Record that what a closed quarter owes the budget was paid to the treasury"
    static let access = Access.official(.feesCollect)
    static let refusals = [Refused.quarterOpen, .treasuryPaid, .nothingDue]

    struct Input: Record {
        var quarter = QuarterPath()
        var way = HandOverPostal.Way.transfer
        var document = ""

        static let fields: [Field<Self>] = [
            .init("agency", \.quarter.agency, .agency, "Who collected", in: .path),
            .init("year", \.quarter.year, .integer(Limits.documentYears), "The year", in: .path),
            .init("quarter", \.quarter.quarter, .integer(1...4), "The quarter", in: .path),
            .init("way", \.way, .choice, default: .transfer, "By transfer or in cash"),
            .init("document", \.document, .text(1...60), "Number of the payment (giấy nộp tiền vào ngân sách)"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Settlement> {
        let (agency, until) = (input.quarter.agency, try input.quarter.until)
        try await call.require(.feesCollect, inChargeOf: agency)
        do {
            return try await call.transaction { work in
                guard var settlement = try await work.settlement(of: agency, until: until),
                    let id = settlement.settlement
                else { throw Refused.quarterOpen }
                guard settlement.paidToTreasuryAt == nil else { throw Refused.treasuryPaid }
                let due = try Money.sum(settlement.shares.map(\.due))
                guard due > .zero else { throw Refused.nothingDue }
                try await work.run(
                    """
                    INSERT INTO treasury_payments (settlement, way, document, amount, paid_at, paid_by)
                    VALUES (\(id), \(input.way.rawValue), \(input.document), \(due), \(work.now), \(work.actor))
                    """)
                try await work.post(
                    .paidToTreasury, .init(agency: agency, payment: nil, cause: id.uuid), on: work.today,
                    document: input.document,
                    lines: [.init(ChartOfAccounts.dueToBudget, .debit, due), .init(input.way.account, .credit, due)],
                    by: work.actor)
                (settlement.treasuryDocument, settlement.paidToTreasuryAt) = (input.document, work.now)
                return Reply(settlement)
            }
        } catch let error as PostgresError where error.constraint == "treasury_payments_pkey" {
            throw Refused.treasuryPaid
        }
    }
}

extension Refused {
    static let quarterNotOver = Refused(
        "budget.quarter-not-over", vi: "Chỉ khóa sổ quý sau khi quý kết thúc một giờ.",
        en: "A quarter is closed when it has been over for an hour.")
    static let quarterClosed = Refused(
        "budget.quarter-closed", vi: "Quý này đã quyết toán.", en: "This quarter is settled already.")
    static let settlementDiffers = Refused(
        "budget.settlement-differs",
        vi: "Số liệu quyết toán không khớp số dư tài khoản phí, lệ phí đã thu; không có gì được ghi.",
        en: "What the quarter comes to is not what stands on the account of collected fees; nothing was written.")
    static let quarterInLater = Refused(
        "budget.quarter-in-later", vi: "Số liệu của quý này đã nằm trong lần quyết toán của quý sau.",
        en: "What this quarter came to is part of a later settlement.")
    static let quarterOpen = Refused(
        "budget.quarter-open", vi: "Quý này chưa quyết toán.", en: "This quarter is not settled yet.")
    static let keptBasis = Refused(
        "budget.kept-basis", 422, vi: "Phần phí để lại phải nêu văn bản cho phép.",
        en: "What is kept needs the document that allows it.", field: "basis")
    static let treasuryPaid = Refused(
        "budget.treasury-paid", vi: "Số phải nộp của quý này đã nộp ngân sách.",
        en: "What this quarter owes the budget is paid already.")
    static let nothingDue = Refused(
        "budget.nothing-due", vi: "Quý này không có số phải nộp ngân sách.", en: "This quarter owes the budget nothing."
    )
}
