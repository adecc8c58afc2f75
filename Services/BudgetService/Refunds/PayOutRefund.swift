import Contracts
import ServiceKit

/// `POST /refunds/{refund}/pay-out`: the accountant gave an approved refund back, with its way and reference, once
/// (os-232). The dossier hears it.
enum PayOutRefund: Endpoint {
    static let route = Route.post("/refunds/{refund}/pay-out")
    static let summary = "Record that an approved refund was paid out: how, and under which reference"
    static let access = Access.official(.feesCollect)
    static let refusals = [Refused.refundNotApproved, .refundPaid, .payOutReferenceUsed]

    struct Input: Record {
        var refund = RefundID()
        var way = FeeRefund.Way.cash
        var reference = ""

        static let fields: [Field<Self>] = [
            .init("refund", \.refund, .id, "The refund", in: .path),
            .init("way", \.way, .choice, "In cash (phiếu chi), by transfer (ủy nhiệm chi), or through the gateway"),
            .init(
                "reference", \.reference, .text(1...Limits.Budget.referenceLength),
                "Number of the pay-out there; each once"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<FeeRefund> {
        guard let known = try await call.runtime.database.refund(input.refund) else { throw Refused.notFound }
        try await call.require(.feesCollect, inChargeOf: known.agency)
        let person = try call.person
        do {
            return try await call.transaction { work in
                guard let demand = try await work.demand(known.demand, forUpdate: true),
                    let refund = try await work.refund(input.refund, forUpdate: true)
                else { throw Refused.notFound }
                try call.check(Int64(refund.version))
                let after = try decide(refund, input, by: person, now: work.now)
                try await write(after, of: demand, work)
                return Reply(after, version: Int64(after.version))
            }
        } catch let error as PostgresError where error.constraint == "fee_refunds_reference" {
            throw Refused.payOutReferenceUsed
        }
    }

    static func decide(_ refund: FeeRefund, _ input: Input, by person: PersonID, now: Date) throws(Refused) -> FeeRefund
    {
        guard refund.state != .paid else { throw .refundPaid }
        guard refund.state == .approved else { throw .refundNotApproved }
        var after = refund
        (after.state, after.way, after.reference) = (.paid, input.way, input.reference)
        (after.paidAt, after.paidBy, after.version) = (now, person, refund.version + 1)
        return after
    }

    /// The refund, its entry, what the demand gave back, and the event.
    private static func write(_ after: FeeRefund, of demand: FeeDemand, _ work: Work) async throws {
        guard let way = after.way, let reference = after.reference else { throw Refused.refundNotApproved }
        try await work.post(
            """
            UPDATE fee_refunds SET state = 'paid', way = \(way.rawValue), reference = \(reference),
                paid_at = \(after.paidAt), paid_by = \(after.paidBy), version = \(after.version)
            WHERE id = \(after.refund)
            """)
        let refunded = try demand.refunded + after.amount
        try await work.post(
            """
            UPDATE fee_demands SET refunded = \(refunded), version = \(demand.version + 1)
            WHERE id = \(demand.demand)
            """)
        try await work.post(
            .feeRefundPaid, after.about, on: work.today, document: reference, lines: after.paidOut(way),
            by: work.actor)
        var event = FeeRefunded()
        (event.demand, event.dossier, event.agency) = (demand.demand, demand.dossier, demand.agency)
        (event.amount, event.refunded, event.refundedAt) = (after.amount, refunded, work.now)
        try await work.announce(event, version: Int64(demand.version + 1), to: demand.agency)
    }
}

extension Refused {
    static let refundNotApproved = Refused(
        "budget.refund-not-approved", vi: "Đề nghị hoàn trả này chưa được duyệt hoặc đã bị từ chối.",
        en: "This refund is not approved.")
    static let refundPaid = Refused(
        "budget.refund-paid", vi: "Khoản hoàn trả này đã được chi.", en: "This refund was paid out already.")
    static let payOutReferenceUsed = Refused(
        "budget.pay-out-reference-used", vi: "Số chứng từ chi này đã dùng cho khoản hoàn trả khác.",
        en: "This reference belongs to another refund.", field: "reference")
}
