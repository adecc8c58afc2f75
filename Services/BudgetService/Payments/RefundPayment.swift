import Contracts
import ServiceKit

/// `POST /payments/{payment}/refund`: the accountant gave back what was owed (hoàn trả), by an order of the bank.
enum RefundPayment: Endpoint {
    static let route = Route.post("/payments/{payment}/refund")
    static let summary = "Record that what a payment brought too much was given back"
    static let access = Access.official(.feesCollect)
    static let refusals = [Refused.nothingOwed, .alreadyRefunded]

    struct Input: Record {
        var payment = PaymentID()
        var document = ""
        static let fields: [Field<Self>] = [
            .init("payment", \.payment, .id, "The payment", in: .path),
            .init("document", \.document, .text(1...60), "Number of the payment order (ủy nhiệm chi)"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Payment> {
        let rows = try await call.run("\(Payment.selection) WHERE p.id = \(input.payment)")
        guard let payment = try rows.first.map(Payment.init) else { throw Refused.notFound }
        try await call.require(.feesCollect, inChargeOf: payment.agency)
        try decide(payment)
        do {
            return try await call.transaction { work in
                try await work.run(
                    """
                    INSERT INTO refunds (payment, document, refunded_at, refunded_by)
                    VALUES (\(payment.payment), \(input.document), \(work.now), \(work.actor))
                    """)
                try await work.post(
                    .refunded, of: payment, document: input.document, lines: lines(payment), by: work.actor)
                var refunded = payment
                refunded.refundedAt = work.now
                return Reply(refunded)
            }
        } catch let error as PostgresError where error.constraint == "refunds_pkey" {
            throw Refused.alreadyRefunded
        }
    }

    static func decide(_ payment: Payment) throws(Refused) {
        guard payment.toRefund > .zero else { throw .nothingOwed }
        guard payment.refundedAt == nil else { throw .alreadyRefunded }
    }

    /// Only the gateway brings too much, so it goes back from the bank.
    static func lines(_ payment: Payment) -> [JournalEntry.Line] {
        [
            .init(ChartOfAccounts.owed, .debit, payment.toRefund),
            .init(ChartOfAccounts.bank, .credit, payment.toRefund),
        ]
    }
}

extension Refused {
    static let nothingOwed = Refused(
        "budget.nothing-owed", vi: "Khoản tiền này không có phần phải hoàn trả.",
        en: "Nothing of this payment is owed back.")
    static let alreadyRefunded = Refused(
        "budget.already-refunded", vi: "Khoản tiền này đã được hoàn trả.", en: "This was given back already.")
}
