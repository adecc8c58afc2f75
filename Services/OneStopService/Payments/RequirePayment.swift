import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/require-payment`: status 6. Budget hears of it by event and demands the fee; the clock
/// stands until it is paid.
enum RequirePayment: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/require-payment")
    static let summary = "Require the fees of the procedure; the clock stands until they are paid"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.unlawfulMove, .noFees, .alreadyPaid, .alreadyApproved]

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireHolding(before)
        let definition = try await call.procedure(of: before).definition
        let (dossier, amount) = try decide(before, definition: definition, demand: .new(), now: call.now)
        var event = DossierPaymentRequired()
        (event.dossier, event.agency, event.amount) = (dossier.id, dossier.receivingAgency, amount)
        (event.demand, event.feeKind) = (dossier.payment.demand ?? event.demand, dossier.payment.kind ?? "none")
        event.status = dossier.status
        return try await call.save(
            Change(dossier, "payment-required", notice: dossier.notice(.paymentRequired(amount)), event: event),
            from: before)
    }

    static func decide(
        _ before: Dossier, definition: Definition, demand: DemandID, now: Date
    ) throws(Refused) -> (Dossier, Money) {
        guard !definition.fees.isEmpty else { throw .noFees }
        guard before.payment.paidAt == nil else { throw .alreadyPaid }
        guard before.approvedAt == nil else { throw .alreadyApproved }
        let amount = try definition.total
        var dossier = before
        try dossier.move(to: .awaitingPayment)
        (dossier.payment.demand, dossier.payment.amount) = (demand, amount)
        dossier.payment.kind = definition.fees.count == 1 ? definition.fees[0].kind : "combined"
        dossier.suspendClock(.awaitingPayment, at: now)
        return (dossier, amount)
    }
}

extension Refused {
    static let noFees = Refused(
        "onestop.no-fees", vi: "Thủ tục này không có phí, lệ phí.", en: "This procedure has no fees.")
    static let alreadyPaid = Refused(
        "onestop.already-paid", vi: "Phí, lệ phí đã được nộp.", en: "The fees are paid already.")
}
