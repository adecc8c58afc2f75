import Contracts
import LegalClock
import ServiceKit

/// A fee was paid. When it was the last for which the clock stood, work goes on (6 to 4), and so does the clock from
/// the moment of payment.
enum OnFeePaid: Reaction {
    static func handle(_ event: FeePaid, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        guard before.payment.place(of: event.demand) != nil else {
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
        let open = dossier.payment.open
        let telling: Dossier.Telling =
            open.isEmpty ? .paid(due: dossier.dueAt) : .paidPartly(rest: try Money.sum(open.map(\.amount)))
        try await work.save(
            Change(
                dossier, "payment-settled", note: event.receiptNumber, due: due, notice: dossier.notice(telling),
                event: settled), from: before)
    }

    static func decide(
        _ before: Dossier, _ event: FeePaid, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        var dossier = before
        guard let place = dossier.payment.place(of: event.demand) else { throw .demandNotOpen }
        dossier.payment.settle(place, .paid, at: event.paidAt)
        (dossier.payment.fees[place].amount, dossier.payment.fees[place].receiptNumber) =
            (event.amount, event.receiptNumber)
        let due = try dossier.goOnWhenSettled(definition: definition, calendar: calendar, now: now)
        return (dossier, due)
    }
}
