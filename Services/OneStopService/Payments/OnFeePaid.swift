import Contracts
import LegalClock
import ServiceKit

/// The fee was paid: work goes on (6 to 4), and so does the clock from the moment of payment.
enum OnFeePaid: Reaction {
    static func handle(_ event: FeePaid, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        guard before.awaits(event.demand) else {
            // Money for a demand that this dossier does not wait for: Budget keeps the money, people must look.
            return work.log.error(
                "payment without a waiting dossier",
                metadata: ["dossier": "\(event.dossier)", "demand": "\(event.demand)"])
        }
        let (dossier, due) = try decide(
            before, event, definition: try await work.procedure(of: before).definition,
            calendar: try await work.calendar(of: before.receivingAgency), now: work.now)
        var settled = DossierPaymentSettled()
        (settled.dossier, settled.demand, settled.amount) = (dossier.id, event.demand, event.amount)
        (settled.receiptNumber, settled.dueAt, settled.status) = (event.receiptNumber, dossier.dueAt, dossier.status)
        try await work.save(
            Change(
                dossier, "payment-settled", note: event.receiptNumber, due: due,
                notice: dossier.notice(.paid(due: dossier.dueAt)), event: settled), from: before)
    }

    static func decide(
        _ before: Dossier, _ event: FeePaid, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        var dossier = before
        try dossier.move(to: .processing)
        (dossier.payment.paidAt, dossier.payment.paidAmount) = (event.paidAt, event.amount)
        dossier.payment.receipt = event.receiptNumber
        // Two services, two clocks: the clock neither runs before it stood nor from a moment that is still to come.
        let from = max(min(event.paidAt, now), before.pauses.last?.from ?? event.paidAt)
        let due = try dossier.resumeClock(at: from, definition: definition, calendar: calendar)
        return (dossier, due)
    }
}

extension Dossier {
    /// Whether it stands in status 6 for this very demand.
    func awaits(_ demand: DemandID) -> Bool { status == .awaitingPayment && payment.demand == demand }
}
