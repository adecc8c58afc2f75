import Contracts
import ServiceKit

/// `POST /refunds/{refund}/decide`: another official approves or refuses a refund; never who proposed it, nor who
/// collected the money (os-230). Approved, it is owed; refused, what was reserved is free again.
enum DecideRefund: Endpoint {
    static let route = Route.post("/refunds/{refund}/decide")
    static let summary = "Approve or refuse a proposed refund: somebody else than who proposed it or collected the fee"
    static let access = Access.official(.feesApprove)
    static let refusals = [Refused.refundDecided, .ownRefund, .ownCollection, .refusalReason]

    enum Verdict: String, CaseIterable, Sendable { case approve, refuse }

    struct Input: Record {
        var refund = RefundID()
        var verdict = Verdict.approve
        var reason: String?

        static let fields: [Field<Self>] = [
            .init("refund", \.refund, .id, "The refund", in: .path),
            .init("verdict", \.verdict, .choice, "Approve or refuse"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why; needed to refuse"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<FeeRefund> {
        guard let known = try await call.runtime.database.refund(input.refund) else { throw Refused.notFound }
        try await call.require(.feesApprove, inChargeOf: known.agency)
        let person = try call.person
        return try await call.transaction { work in
            // The demand's row before the refund's, as in a proposal: two of them never wait for each other.
            _ = try await work.demand(known.demand, forUpdate: true)
            guard let refund = try await work.refund(input.refund, forUpdate: true),
                let paid = try await work.settling(refund.demand)
            else { throw Refused.notFound }
            try call.check(Int64(refund.version))
            let collected = paid.person == person || paid.account == work.actor
            let after = try decide(refund, input, by: person, collected: collected, now: work.now)
            try await work.post(
                """
                UPDATE fee_refunds SET state = \(after.state.rawValue), decided_by = \(after.decidedBy),
                    decided_at = \(after.decidedAt), decision_reason = \(after.decisionReason),
                    version = \(after.version)
                WHERE id = \(after.refund)
                """)
            if after.state == .refused {
                try await work.post(
                    "UPDATE fee_demands SET refunding = refunding - \(after.amount) WHERE id = \(after.demand)")
            } else {
                try await work.post(
                    .feeRefundApproved, after.about, on: work.today, document: after.refund.text, lines: after.owed,
                    by: work.actor)
            }
            return Reply(after, version: Int64(after.version))
        }
    }

    static func decide(
        _ refund: FeeRefund, _ input: Input, by person: PersonID, collected: Bool, now: Date
    ) throws(Refused) -> FeeRefund {
        guard refund.state == .proposed else { throw .refundDecided }
        guard refund.proposedBy != person else { throw .ownRefund }
        guard !collected else { throw .ownCollection }
        guard input.verdict == .approve || input.reason != nil else { throw .refusalReason }
        var after = refund
        after.state = input.verdict == .approve ? .approved : .refused
        (after.decidedBy, after.decidedAt, after.decisionReason) = (person, now, input.reason)
        after.version += 1
        return after
    }
}

extension Refused {
    static let refundDecided = Refused(
        "budget.refund-decided", vi: "Đề nghị hoàn trả này đã được quyết định.", en: "This refund was decided already.")
    static let ownRefund = Refused(
        "budget.own-refund", 403, vi: "Người đề nghị không được tự quyết định việc hoàn trả.",
        en: "Who proposed a refund does not decide it.")
    static let ownCollection = Refused(
        "budget.own-collection", 403, vi: "Người đã thu khoản phí không được quyết định việc hoàn trả khoản đó.",
        en: "Who collected a fee does not decide its refund.")
    static let refusalReason = Refused(
        "budget.refusal-reason", 422, vi: "Từ chối hoàn trả phải nêu lý do.", en: "A refusal needs its reason.",
        field: "reason")
}
