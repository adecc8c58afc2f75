import Contracts
import ServiceKit

/// Of a fee something was given back. Status and clock stay; what was given back whole is paid no more (os-233).
enum OnFeeRefunded: Reaction {
    static func handle(_ event: FeeRefunded, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        guard let dossier = decide(before, event) else {
            // Money that came for a demand which Budget had cancelled before: Budget keeps account of it.
            return work.log.notice(
                "refund of a fee that the dossier does not hold as paid",
                metadata: ["dossier": "\(event.dossier)", "demand": "\(event.demand)"])
        }
        var refunded = DossierFeeRefunded()
        (refunded.dossier, refunded.demand, refunded.amount) = (dossier.id, event.demand, event.amount)
        (refunded.refunded, refunded.dueAt, refunded.status) = (event.refunded, dossier.dueAt, dossier.status)
        try await work.save(
            Change(
                dossier, "fee-refunded", note: event.amount.text, notice: dossier.notice(.refunded(event.amount)),
                event: refunded), from: before)
    }

    /// Nil when no fee of the dossier was paid by this demand.
    static func decide(_ before: Dossier, _ event: FeeRefunded) -> Dossier? {
        guard let place = before.payment.paidPlace(of: event.demand) else { return nil }
        var dossier = before
        dossier.payment.fees[place].refunded = event.refunded
        dossier.payment.fees[place].refundedAt = event.refundedAt
        if event.refunded >= before.payment.fees[place].amount { dossier.payment.fees[place].state = .refunded }
        return dossier
    }
}

/// The receipt of a fee is void, and another one counts (os-234).
enum OnReceiptReplaced: Reaction {
    static func handle(_ event: FeeReceiptReplaced, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        guard let place = before.payment.paidPlace(of: event.demand) else {
            return work.log.notice(
                "receipt of a fee that the dossier does not hold as paid",
                metadata: ["dossier": "\(event.dossier)", "demand": "\(event.demand)"])
        }
        var dossier = before
        dossier.payment.fees[place].receiptNumber = event.receiptNumber
        dossier.payment.fees[place].voidedReceipt = event.voided
        var replaced = DossierReceiptReplaced()
        (replaced.dossier, replaced.demand, replaced.voided) = (dossier.id, event.demand, event.voided)
        (replaced.receiptNumber, replaced.dueAt, replaced.status) =
            (event.receiptNumber, dossier.dueAt, dossier.status)
        try await work.save(
            Change(
                dossier, "receipt-replaced", note: event.receiptNumber, notice: dossier.notice(.receiptReplaced),
                event: replaced), from: before)
    }
}

extension Dossier.Payment {
    /// The fee that was paid by this very demand.
    fileprivate func paidPlace(of demand: DemandID) -> Int? {
        fees.firstIndex { $0.demand == demand && ($0.state == .paid || $0.state == .refunded) }
    }
}
