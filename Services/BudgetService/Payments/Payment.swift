import Contracts
import ServiceKit

/// Money that came: once by who reported it and that one's reference; of transfers and of the post once at its agency
/// (os-235). What it does not settle is owed back.
struct Payment: Record {
    typealias Channel = PaymentChannel

    var payment = PaymentID()
    var channel = Channel.gateway
    var reference = ""
    var demand = DemandID()
    var agency = AgencyCode.none
    var amount = Money.zero
    var settled = Money.zero
    var toRefund = Money.zero
    var receiptNumber: String?
    var receiptVoid = false
    var collector: String?
    var takenBy: PersonID?
    var handedOverAt: Date?
    var paidAt = Date(timeIntervalSince1970: 0)
    var receivedAt = Date(timeIntervalSince1970: 0)
    var refundedAt: Date?

    static let fields: [Field<Self>] = [
        .init("payment", \.payment, .id, "The payment"),
        .init("channel", \.channel, .choice, "Gateway, counter (cash), transfer, or the post"),
        .init("reference", \.reference, .text(1...Limits.Budget.referenceLength), "Its reference there"),
        .init("demand", \.demand, .id, "The demand it was made for"),
        .init("agency", \.agency, .agency, "Who received it"),
        .init("amount", \.amount, .money, "What came"),
        .init("settled", \.settled, .money, "What of it paid the demand"),
        .init("toRefund", \.toRefund, .money, "What is owed back"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "The receipt issued, when it paid the demand"),
        .init("receiptVoid", \.receiptVoid, .bool, "Whether that receipt was voided and replaced"),
        .init(
            "collector", \.collector, .text(1...Limits.Budget.collectorLength), "The post office that collected it"),
        .init("takenBy", \.takenBy, .id, "The official who recorded it; absent where the gateway reported it"),
        .init("handedOverAt", \.handedOverAt, .instant, "When the post handed it over"),
        .init("paidAt", \.paidAt, .instant, "When it was paid, as reported"),
        .init("receivedAt", \.receivedAt, .instant, "When it was booked"),
        .init("refundedAt", \.refundedAt, .instant, "When what is owed back was given back"),
    ]

    init() {}

    init(_ row: Row) throws {
        payment = try row("id")
        channel = Channel(rawValue: try row("channel")) ?? .gateway
        reference = try row("reference")
        demand = try row("demand")
        agency = try row("agency")
        amount = try row("amount")
        settled = try row("settled")
        toRefund = try row("to_refund")
        receiptNumber = try row("receipt_number")
        receiptVoid = try row("receipt_void")
        collector = try row("collector")
        takenBy = try row("taken_by")
        handedOverAt = try row("handed_over_at")
        paidAt = try row("paid_at")
        receivedAt = try row("received_at")
        refundedAt = try row("refunded_at")
    }

    /// Payments with their refunds; a condition on `p` follows.
    static let selection: SQL = """
        SELECT p.*, r.refunded_at, h.handed_at AS handed_over_at,
               p.settled > 0 AND EXISTS (
                   SELECT FROM receipts b JOIN receipt_voids v ON v.receipt = b.id
                   WHERE b.demand = p.demand AND b.replaces IS NULL) AS receipt_void
        FROM payments p LEFT JOIN refunds r ON r.payment = p.id
        LEFT JOIN handed_over_payments o ON o.payment = p.id LEFT JOIN postal_handovers h ON h.id = o.handover
        """

    /// The keys that hold a reference to one payment.
    static let references: Set<String> = ["payments_reference", "payments_reference_there"]

    /// What of an amount settles a demand. Money that came is never lost: what is too much, too little or a second
    /// time is owed back, and a demand is settled whole or not at all: money in is fees less refunds (os-240).
    static func split(_ amount: Money, for demand: FeeDemand) throws(FieldFault) -> (settled: Money, toRefund: Money) {
        guard demand.state == .open, amount >= demand.amount else { return (.zero, amount) }
        return (demand.amount, try amount - demand.amount)
    }

    /// The entries of a payment: the fee collected, and what is owed back.
    var entries: [(JournalEntry.Occasion, [JournalEntry.Line])] {
        [
            (JournalEntry.Occasion.feeCollected, ChartOfAccounts.feesCollected, settled),
            (.receivedToRefund, ChartOfAccounts.owed, toRefund),
        ].filter { $0.2 > .zero }.map { occasion, account, amount in
            (occasion, [.init(channel.account, .debit, amount), .init(account, .credit, amount)])
        }
    }
}

extension PaymentChannel {
    /// Where the money is. What the post collected is a claim on it until it hands it over (os-235).
    var account: String {
        switch self {
        case .gateway, .transfer: ChartOfAccounts.bank
        case .counter: ChartOfAccounts.cash
        case .postal: ChartOfAccounts.heldByPost
        }
    }
}

extension Work {
    /// Books money for a demand whose row this transaction holds: payment, receipt, entries, the demand paid and its
    /// event, all or nothing.
    func book(_ received: Payment, for demand: FeeDemand) async throws -> (Payment, FeeDemand) {
        var (payment, after) = (received, demand)
        payment.payment = PaymentID.new()
        (payment.demand, payment.agency) = (demand.demand, try await collector(of: demand))
        payment.receivedAt = now
        if payment.channel != .gateway { payment.takenBy = actingPerson }
        (payment.settled, payment.toRefund) = try Payment.split(payment.amount, for: demand)
        if payment.reference.isEmpty { payment.reference = payment.payment.text }
        let booker = payment.channel == .gateway ? "payment-gateway" : actor
        if payment.settled > .zero {
            let receipt = try await issueReceipt(
                payment.channel == .counter ? .cash : .electronic, for: demand, at: payment.agency, by: booker)
            payment.receiptNumber = receipt
            (after.state, after.paidAt, after.agency) = (.paid, min(payment.paidAt, now), payment.agency)
            (after.receiptNumber, after.version) = (receipt, demand.version + 1)
        }
        try await post(
            """
            INSERT INTO payments (id, channel, reference, demand, agency, amount, settled, to_refund, receipt_number,
                                  collector, taken_by, paid_at, received_at)
            VALUES (\(payment.payment), \(payment.channel.rawValue), \(payment.reference), \(payment.demand),
                    \(payment.agency), \(payment.amount), \(payment.settled), \(payment.toRefund),
                    \(payment.receiptNumber), \(payment.collector), \(payment.takenBy), \(payment.paidAt),
                    \(payment.receivedAt))
            """)
        for (occasion, lines) in payment.entries {
            let document = occasion == .feeCollected ? payment.receiptNumber ?? payment.reference : payment.reference
            try await post(occasion, of: payment, document: document, lines: lines, by: booker)
        }
        if after.state != demand.state { try await settle(after, from: demand, through: payment.channel) }
        return (payment, after)
    }

    /// In whose books money for a demand is taken today: of who is in charge of the work of an agency that has ended,
    /// whose own books get no new collection. While nobody is, its own: money that came is never refused (os-305).
    func collector(of demand: FeeDemand) async throws -> AgencyCode {
        try await successor(of: demand.agency, on: today) ?? demand.agency
    }

    private func settle(_ after: FeeDemand, from before: FeeDemand, through channel: PaymentChannel) async throws {
        let changed = try await run(
            """
            UPDATE fee_demands SET state = 'paid', paid_at = \(after.paidAt), receipt_number = \(after.receiptNumber),
                agency = \(after.agency), version = \(after.version)
            WHERE id = \(before.demand) AND version = \(before.version)
            """)
        guard changed.affected == 1 else { throw Refused.stale }
        var event = FeePaid()
        (event.demand, event.dossier, event.agency) = (after.demand, after.dossier, after.agency)
        // The dossier's clock goes on from the payment, however late its report came.
        (event.amount, event.receiptNumber, event.paidAt) =
            (after.amount, after.receiptNumber ?? "", after.paidAt ?? now)
        event.channel = channel
        try await announce(event, version: Int64(after.version), to: after.agency)
    }
}
