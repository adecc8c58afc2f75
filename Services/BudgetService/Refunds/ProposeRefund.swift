import Contracts
import ServiceKit

/// `POST /demands/{demand}/refunds`: the accountant proposes to give back the whole or a part of a fee that was paid
/// (os-230). What is proposed is reserved: all refunds of a demand together never exceed what was paid (os-231).
enum ProposeRefund: Endpoint {
    static let route = Route.post("/demands/{demand}/refunds", success: 201)
    static let summary = "Propose the refund of a fee that was paid, in whole or in part, with the reason"
    static let access = Access.official(.feesCollect)
    static let refusals = [Refused.notPaid, .refundTooHigh, .refundOpen, .tooManyRefunds]

    struct Input: Record {
        var demand = DemandID()
        var amount: Money?
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("demand", \.demand, .id, "The demand", in: .path),
            .init("amount", \.amount, .money, "What is to be given back; absent: all that is left"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<FeeRefund> {
        guard let known = try await call.runtime.database.demand(input.demand) else { throw Refused.notFound }
        try await call.require(.feesCollect, inChargeOf: known.agency)
        let person = try call.person
        do {
            return try await call.transaction { work in
                guard let demand = try await work.demand(input.demand, forUpdate: true) else { throw Refused.notFound }
                let amount = try decide(demand, input.amount)
                let rows = try await work.run("SELECT count(*) AS n FROM fee_refunds WHERE demand = \(demand.demand)")
                guard let count: Int = try rows.first?("n"), count < Limits.Budget.refunds else {
                    throw Refused.tooManyRefunds
                }
                guard let paid = try await work.settling(demand.demand) else { throw Refused.notPaid }
                var refund = FeeRefund()
                (refund.refund, refund.demand, refund.payment) = (.new(), demand.demand, paid.payment)
                (refund.agency, refund.amount, refund.reason) = (demand.agency, amount, input.reason)
                (refund.proposedBy, refund.proposedAt, refund.version) = (person, work.now, 1)
                try await write(refund, work)
                return Reply(refund, version: 1, location: "/refunds/\(refund.refund)")
            }
        } catch let error as PostgresError where error.constraint == "fee_refunds_one_open" {
            throw Refused.refundOpen
        }
    }

    private static func write(_ refund: FeeRefund, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO fee_refunds (id, demand, payment, agency, amount, reason, state, proposed_by, proposed_at,
                                     version)
            VALUES (\(refund.refund), \(refund.demand), \(refund.payment), \(refund.agency), \(refund.amount),
                    \(refund.reason), 'proposed', \(refund.proposedBy), \(refund.proposedAt), 1)
            """)
        try await work.post(
            "UPDATE fee_demands SET refunding = refunding + \(refund.amount) WHERE id = \(refund.demand)")
    }

    /// What is to be given back: above zero, and no more than was paid and is not given back or reserved already.
    static func decide(_ demand: FeeDemand, _ asked: Money?) throws -> Money {
        guard demand.state == .paid else { throw Refused.notPaid }
        let left = try demand.amount - demand.refunding
        let amount = asked ?? left
        guard amount > .zero, amount <= left else { throw Refused.refundTooHigh }
        return amount
    }
}

extension Refused {
    static let notPaid = Refused(
        "budget.not-paid", vi: "Khoản phí này chưa được nộp nên không có gì để hoàn trả.",
        en: "This fee was not paid: there is nothing to give back.")
    static let refundTooHigh = Refused(
        "budget.refund-too-high", 422, vi: "Số tiền hoàn trả phải lớn hơn 0 và không vượt số đã nộp còn lại.",
        en: "A refund is above zero and no more than what was paid and not given back yet.", field: "amount")
    static let refundOpen = Refused(
        "budget.refund-open", vi: "Khoản phí này đang có đề nghị hoàn trả chưa chi xong.",
        en: "Another refund of this fee is not finished yet.")
    static let tooManyRefunds = Refused(
        "budget.too-many-refunds", vi: "Khoản phí này đã có quá nhiều đề nghị hoàn trả.",
        en: "There are too many refunds of this fee.")
}
