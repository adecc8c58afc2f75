import Contracts
import ServiceKit

enum RefundTag {}
typealias RefundID = ID<RefundTag>

/// A refund of a fee (hoàn trả phí, lệ phí): one official proposes it, another one decides, and it is paid out once
/// (os-230).
struct FeeRefund: Record {
    enum State: String, CaseIterable, Sendable { case proposed, approved, refused, paid }
    /// How money goes back: phiếu chi, ủy nhiệm chi, or through the gateway.
    enum Way: String, CaseIterable, Sendable { case cash, transfer, gateway }

    var refund = RefundID()
    var demand = DemandID()
    var payment = PaymentID()
    var agency = AgencyCode.none
    var amount = Money.zero
    var reason = ""
    var state = State.proposed
    var proposedBy = PersonID()
    var proposedAt = Date(timeIntervalSince1970: 0)
    var decidedBy: PersonID?
    var decidedAt: Date?
    var decisionReason: String?
    var way: Way?
    var reference: String?
    var paidAt: Date?
    var paidBy: PersonID?
    var version = 0

    static let fields: [Field<Self>] = [
        .init("refund", \.refund, .id, "The refund"),
        .init("demand", \.demand, .id, "The demand that was paid"),
        .init("payment", \.payment, .id, "The payment that settled it"),
        .init("agency", \.agency, .agency, "Who collected, and gives back"),
        .init("amount", \.amount, .money, "What is given back, in đồng"),
        .init("reason", \.reason, .text(1...Limits.noteLength), "Why; for officials"),
        .init("state", \.state, .choice, "Proposed, approved, refused, or paid out"),
        .init("proposedBy", \.proposedBy, .id, "Who proposed it"),
        .init("proposedAt", \.proposedAt, .instant, "When"),
        .init("decidedBy", \.decidedBy, .id, "Who approved or refused it: somebody else"),
        .init("decidedAt", \.decidedAt, .instant, "When"),
        .init("decisionReason", \.decisionReason, .text(1...Limits.noteLength), "Why it was refused, or a remark"),
        .init("way", \.way, .choice, "How it was paid out"),
        .init("reference", \.reference, .text(1...Limits.Budget.referenceLength), "Number of the order or transfer"),
        .init("paidAt", \.paidAt, .instant, "When it was paid out"),
        .init("paidBy", \.paidBy, .id, "Who paid it out"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        refund = try row("id")
        demand = try row("demand")
        payment = try row("payment")
        agency = try row("agency")
        amount = try row("amount")
        reason = try row("reason")
        state = State(rawValue: try row("state")) ?? .proposed
        proposedBy = try row("proposed_by")
        proposedAt = try row("proposed_at")
        decidedBy = try row("decided_by")
        decidedAt = try row("decided_at")
        decisionReason = try row("decision_reason")
        let way: String? = try row("way")
        self.way = way.flatMap(Way.init)
        reference = try row("reference")
        paidAt = try row("paid_at")
        paidBy = try row("paid_by")
        version = try row("version")
    }

    var about: JournalEntry.About { .init(agency: agency, payment: payment, cause: refund.uuid) }

    /// Approved, it is no fee any more but owed: Debit 3373, Credit 338. Paid out: Debit 338, Credit where it left.
    var owed: [JournalEntry.Line] {
        [.init(ChartOfAccounts.feesCollected, .debit, amount), .init(ChartOfAccounts.owed, .credit, amount)]
    }

    func paidOut(_ way: Way) -> [JournalEntry.Line] {
        let from = way == .cash ? ChartOfAccounts.cash : ChartOfAccounts.bank
        return [.init(ChartOfAccounts.owed, .debit, amount), .init(from, .credit, amount)]
    }
}

extension Session {
    func refund(_ id: RefundID, forUpdate: Bool = false) async throws -> FeeRefund? {
        try await run("SELECT * FROM fee_refunds WHERE id = \(id) \(raw: forUpdate ? "FOR UPDATE" : "")")
            .first.map(FeeRefund.init)
    }

    /// The payment that settled a demand, and who took it: an official, and the account that issued its receipt.
    func settling(_ demand: DemandID) async throws -> (payment: PaymentID, person: PersonID?, account: String)? {
        let rows = try await run(
            """
            SELECT p.id, p.taken_by, r.issued_by FROM payments p
            JOIN receipts r ON r.demand = p.demand AND r.replaces IS NULL
            WHERE p.demand = \(demand) AND p.settled > 0
            """)
        return try rows.first.map { (try $0("id"), try $0("taken_by"), try $0("issued_by")) }
    }
}

/// `GET /refunds/{refund}`.
enum ReadRefund: Endpoint {
    static let route = Route.get("/refunds/{refund}")
    static let summary = "A refund of a fee: who proposed and decided it, and how it was paid out"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var refund = RefundID()
        static let fields: [Field<Self>] = [.init("refund", \.refund, .id, "The refund", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<FeeRefund> {
        guard let refund = try await call.runtime.database.refund(input.refund) else { throw Refused.notFound }
        try await call.require(.ledgerRead, inChargeOf: refund.agency)
        return Reply(refund, version: Int64(refund.version))
    }
}

/// `GET /refunds`: those of an agency, newest first; of one demand or in one state when asked.
enum ListRefunds: Endpoint {
    static let route = Route.get("/refunds")
    static let summary = "The refunds of an agency, newest first"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var state: FeeRefund.State?
        var demand: DemandID?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Who gives back", in: .query),
            .init("state", \.state, .choice, "Only these", in: .query),
            .init("demand", \.demand, .id, "Only of this demand", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var refunds: [FeeRefund] = []
        static let fields: [Field<Self>] = [
            .init("refunds", \.refunds, .list(.record, 0...Limits.pageMaximum), "The refunds")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try RefundID(cursor)
        let rows = try await call.run(
            """
            SELECT * FROM fee_refunds
            WHERE agency = \(input.agency) AND (\(before)::uuid IS NULL OR id < \(before))
              AND (\(input.state?.rawValue)::text IS NULL OR state = \(input.state?.rawValue))
              AND (\(input.demand)::uuid IS NULL OR demand = \(input.demand))
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.refunds = try rows.prefix(input.limit).map(FeeRefund.init)
        guard rows.count > input.limit, let last = output.refunds.last else { return Reply(output) }
        var next = "/refunds?agency=\(input.agency)&limit=\(input.limit)&cursor=\(Cursor(text: last.refund.text))"
        if let state = input.state { next += "&state=\(state.rawValue)" }
        if let demand = input.demand { next += "&demand=\(demand)" }
        return Reply(output, next: next)
    }
}
